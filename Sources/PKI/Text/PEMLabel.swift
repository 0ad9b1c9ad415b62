// The words after BEGIN and END that this project reads and writes (RFC 7468).
// A table, so that errors name an object the way its file does.

public enum PEMLabel: String, Sendable, CaseIterable {
    case certificate = "CERTIFICATE"
    case certificateRequest = "CERTIFICATE REQUEST"
    case revocationList = "X509 CRL"
    case publicKey = "PUBLIC KEY"
    case privateKey = "PRIVATE KEY"
    case encryptedPrivateKey = "ENCRYPTED PRIVATE KEY"
    /// PKCS#1 and SEC 1 keys, as older tools and Istio's own samples write them.
    case rsaPrivateKey = "RSA PRIVATE KEY"
    case ecPrivateKey = "EC PRIVATE KEY"
    /// Written by OpenSSL before a SEC 1 key; says nothing that the key does not.
    case ecParameters = "EC PARAMETERS"
    /// The name Microsoft's tools give a certificate request.
    case newCertificateRequest = "NEW CERTIFICATE REQUEST"

    /// What a person calls it.
    public var noun: String {
        switch self {
        case .certificate: "certificate"
        case .certificateRequest, .newCertificateRequest: "certificate request"
        case .revocationList: "revocation list"
        case .publicKey: "public key"
        case .privateKey, .encryptedPrivateKey, .rsaPrivateKey, .ecPrivateKey: "private key"
        case .ecParameters: "set of curve parameters"
        }
    }

    var isPrivateKey: Bool { noun == PEMLabel.privateKey.noun }
}
