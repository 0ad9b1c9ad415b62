// Makes a revocation list in an issuer's name.
internal import COpenSSL

extension RevocationList {
    /// - Parameters:
    ///   - entries: in any order; the list is sorted by serial number.
    ///   - number: must grow from list to list of one issuer (RFC 5280 section 5.2.3).
    public static func signed(
        _ entries: [Revocation], by issuer: Issuer, number: UInt64, thisUpdate: UnixTime,
        nextUpdate: UnixTime
    ) throws(PKIError) -> RevocationList {
        guard let made = unsafe X509_CRL_new() else {
            throw OpenSSLFailure.library("make a revocation list")
        }
        let list = unsafe RevocationList(owning: made)
        var extensions: [CertificateExtension] = []
        if let identifier = issuer.certificate.keyIdentifier {
            extensions.append(.authorityKeyIdentifier(identifier))
        }
        extensions.append(.crlNumber(number))
        // Version 2 is written as 1.
        let name = unsafe X509_get_subject_name(issuer.certificate.raw)
        guard unsafe X509_CRL_set_version(list.raw, 1) == 1,
            unsafe X509_CRL_set_issuer_name(list.raw, name) == 1,
            unsafe OpenSSLTime.withTime(
                thisUpdate, { unsafe X509_CRL_set1_lastUpdate(list.raw, $0) }),
            unsafe OpenSSLTime.withTime(
                nextUpdate, { unsafe X509_CRL_set1_nextUpdate(list.raw, $0) }),
            entries.allSatisfy({ list.add($0) }),
            extensions.allSatisfy({ made in
                unsafe made.add { unsafe X509_CRL_add_ext(list.raw, $0, -1) }
            })
        else { throw OpenSSLFailure.library("fill a revocation list") }
        _ = unsafe X509_CRL_sort(list.raw)
        let digest = unsafe issuer.key.kind.digest.flatMap { unsafe $0.fetched }
        guard unsafe X509_CRL_sign(list.raw, issuer.key.raw, digest) > 0 else {
            throw OpenSSLFailure.library("sign a revocation list")
        }
        return list
    }

    private func add(_ entry: Revocation) -> Bool {
        guard let made = unsafe X509_REVOKED_new() else { return false }
        var isFilled = unsafe OpenSSLInteger.withInteger(
            entry.serial.bytes, { unsafe X509_REVOKED_set_serialNumber(made, $0) })
        if isFilled {
            isFilled = unsafe OpenSSLTime.withTime(
                entry.time, { unsafe X509_REVOKED_set_revocationDate(made, $0) })
        }
        // `unspecified` is said by saying nothing (RFC 5280 section 5.3.1).
        if isFilled, entry.reason != .unspecified {
            isFilled = unsafe CertificateExtension.crlReason(entry.reason)
                .add { unsafe X509_REVOKED_add_ext(made, $0, -1) }
        }
        guard isFilled, unsafe X509_CRL_add0_revoked(raw, made) == 1 else {
            unsafe X509_REVOKED_free(made)
            return false
        }
        return true
    }
}
