// The certificates that a list revokes.
internal import COpenSSL

extension RevocationList {
    /// In the list's order.
    public var entries: [Revocation] {
        guard let stack = unsafe X509_CRL_get_REVOKED(raw) else { return [] }
        var entries: [Revocation] = []
        for index in unsafe 0..<max(0, OPENSSL_sk_num(stack)) {
            guard let value = unsafe OPENSSL_sk_value(stack, index) else { continue }
            entries.append(unsafe Revocation(OpaquePointer(value)))
        }
        return entries
    }

    /// The entry for a serial number of this list's issuer.
    public func entry(for serial: SerialNumber) -> Revocation? {
        var found: Revocation?
        _ = unsafe OpenSSLInteger.withInteger(serial.bytes) { integer in
            var entry: OpaquePointer?
            let result = unsafe X509_CRL_get0_by_serial(raw, &entry, integer)
            if result > 0, let entry = unsafe entry { found = unsafe Revocation(entry) }
            return result
        }
        return found
    }
}

extension Revocation {
    /// - Parameter entry: an `X509_REVOKED`, which stays its list's.
    init(_ entry: OpaquePointer) {
        var reason = RevocationReason.unspecified
        if let value = unsafe X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nil, nil) {
            let enumerated = unsafe value.assumingMemoryBound(to: ASN1_ENUMERATED.self)
            let number = unsafe ASN1_ENUMERATED_get(enumerated)
            reason = UInt8(exactly: number).flatMap(RevocationReason.init) ?? .unspecified
            unsafe ASN1_ENUMERATED_free(enumerated)
        }
        unsafe self.init(
            serial: SerialNumber(OpenSSLInteger.bytes(X509_REVOKED_get0_serialNumber(entry))),
            time: OpenSSLTime.read(X509_REVOKED_get0_revocationDate(entry)), reason: reason)
    }
}
