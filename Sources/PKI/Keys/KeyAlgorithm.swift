// The kinds of key that are made here.
// A short closed list: each is accepted by Envoy, Go, Java and OpenSSL alike, except Ed25519, which
// some TLS stacks still refuse, and which is therefore never the default.

public enum KeyAlgorithm: String, Sendable, CaseIterable {
    case p256
    case p384
    case rsa2048
    case rsa4096
    case ed25519

    /// What a person calls it.
    public var title: String {
        switch self {
        case .p256: "ECDSA P-256"
        case .p384: "ECDSA P-384"
        case .rsa2048: "RSA 2048"
        case .rsa4096: "RSA 4096"
        case .ed25519: "Ed25519"
        }
    }

    /// Whether the key can decrypt as well as sign, so that `keyEncipherment` makes sense
    /// (RFC 3279, RFC 8410 section 5).
    public var isRSA: Bool { self == .rsa2048 || self == .rsa4096 }
}
