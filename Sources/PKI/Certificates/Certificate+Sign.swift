// Makes a certificate from a template (RFC 5280 section 4.1).
internal import COpenSSL

extension Certificate {
    /// - Parameter issuer: whose name and key identifier go in; nil: the subject's own.
    static func signed(
        _ template: CertificateTemplate, for subject: PublicKey, by key: PrivateKey,
        named issuer: Certificate?
    ) throws(PKIError) -> Certificate {
        guard let made = unsafe X509_new() else {
            throw OpenSSLFailure.library("make a certificate")
        }
        let certificate = unsafe Certificate(owning: made)
        let isFilled = certificate.fill(template, for: subject, issuer: issuer)
        // The digest is nil for Ed25519, which hashes by itself. The result is the signature's
        // length.
        let digest = unsafe key.kind.digest.flatMap { unsafe $0.fetched }
        guard isFilled, unsafe X509_sign(certificate.raw, key.raw, digest) > 0 else {
            throw OpenSSLFailure.library("sign a certificate")
        }
        return certificate
    }

    private func fill(
        _ template: CertificateTemplate, for subject: PublicKey, issuer: Certificate?
    ) -> Bool {
        // Version 3 is written as 2.
        guard unsafe X509_set_version(raw, 2) == 1,
            unsafe OpenSSLInteger.withInteger(
                template.serial.bytes, { unsafe X509_set_serialNumber(raw, $0) }),
            unsafe OpenSSLTime.write(template.notBefore, to: X509_getm_notBefore(raw)),
            unsafe OpenSSLTime.write(template.notAfter, to: X509_getm_notAfter(raw)),
            unsafe template.subject.withName({ unsafe X509_set_subject_name(raw, $0) }),
            unsafe subject.write(to: raw)
        else { return false }
        let isNamed =
            if let issuer {
                unsafe X509_set_issuer_name(raw, X509_get_subject_name(issuer.raw)) == 1
            } else {
                unsafe template.subject.withName { unsafe X509_set_issuer_name(raw, $0) }
            }
        // From the key as it stands in the certificate now: encoding it once more would cost more
        // than the signature.
        guard let encoded = unsafe X509_get_X509_PUBKEY(raw) else { return false }
        let identifier = unsafe PublicKey.identifier(ofEncoded: encoded)
        let extensions = template.extensions(
            subjectKeyIdentifier: identifier,
            authorityKeyIdentifier: issuer.map(\.keyIdentifier) ?? identifier)
        return isNamed
            && extensions.allSatisfy { made in
                unsafe made.add { unsafe X509_add_ext(raw, $0, -1) }
            }
    }

    /// What a subject's `authorityKeyIdentifier` must say: the certificate's own identifier, which
    /// a foreign authority may have computed in its own way. nil where it has none.
    var keyIdentifier: [UInt8]? {
        let identifier = subjectKeyIdentifier
        return identifier.isEmpty ? nil : identifier
    }
}
