// What a certificate says of itself (RFC 5280 section 4.1).
internal import COpenSSL

extension Certificate {
    public var serial: SerialNumber {
        unsafe SerialNumber(OpenSSLInteger.bytes(X509_get0_serialNumber(raw)))
    }

    /// As RFC 2253 writes it; empty for a certificate whose names are all in its extension.
    public var subject: String {
        unsafe OpenSSLBytes.text(ofName: X509_get_subject_name(raw))
    }

    public var issuer: String {
        unsafe OpenSSLBytes.text(ofName: X509_get_issuer_name(raw))
    }

    public var notBefore: UnixTime {
        unsafe OpenSSLTime.read(X509_get0_notBefore(raw))
    }

    /// The last second in which it is valid.
    public var notAfter: UnixTime {
        unsafe OpenSSLTime.read(X509_get0_notAfter(raw))
    }

    /// - Throws: `.unsupportedKey`, or `.malformed` where the key cannot be read.
    public var publicKey: PublicKey {
        get throws(PKIError) {
            let source = readable
            let found = unsafe withExtendedLifetime(source) { unsafe X509_get_pubkey($0.raw) }
            guard let key = unsafe found else { throw OpenSSLFailure.malformed(.publicKey) }
            return try unsafe PublicKey(owning: key)
        }
    }

    /// The same certificate with its key decoded, which OpenSSL does only where it reads one: see
    /// `PublicKey.write(to:)`.
    var readable: Certificate {
        if unsafe X509_get0_pubkey(raw) != nil { return self }
        ERR_clear_error()
        return (try? Certificate(der: der)) ?? self
    }

    /// Subject and issuer are one name: a root, where the signature is its own too.
    public var isSelfIssued: Bool {
        unsafe X509_get_extension_flags(raw) & UInt32(EXFLAG_SI) != 0
    }

    /// For example `ecdsa-with-SHA256`.
    public var signatureAlgorithm: String {
        let identifier = unsafe X509_get_signature_nid(raw)
        return unsafe OBJ_nid2sn(identifier).map { unsafe String(cString: $0) } ?? "unknown"
    }

    /// Whether the certificate's signature was made with this key.
    public func isSigned(by key: PublicKey) -> Bool {
        defer { ERR_clear_error() }
        return unsafe X509_verify(raw, key.raw) == 1
    }
}
