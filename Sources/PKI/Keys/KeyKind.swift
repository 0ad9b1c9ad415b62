// The kinds of key that are accepted, from whoever made them.
// Wider than what is made here: a plugged-in authority may bring RSA 3072 or P-521.

public enum KeyKind: Sendable, Hashable, CustomStringConvertible {
    /// Shorter RSA keys are refused: 112 bits of strength is the least that is still accepted
    /// anywhere (NIST SP 800-131A).
    public static let rsaBitsMin = 2048

    case p256
    case p384
    case p521
    case rsa(bits: Int)
    case ed25519

    public var description: String {
        switch self {
        case .p256: KeyAlgorithm.p256.title
        case .p384: KeyAlgorithm.p384.title
        case .p521: "ECDSA P-521"
        case .rsa(let bits): "RSA \(bits)"
        case .ed25519: KeyAlgorithm.ed25519.title
        }
    }

    public var isRSA: Bool {
        if case .rsa = self { true } else { false }
    }

    /// The algorithm that makes keys of this kind; nil where none here does.
    public var algorithm: KeyAlgorithm? {
        switch self {
        case .p256: .p256
        case .p384: .p384
        case .rsa(bits: 2048): .rsa2048
        case .rsa(bits: 4096): .rsa4096
        case .ed25519: .ed25519
        case .p521, .rsa: nil
        }
    }

    /// What is hashed with before signing: as strong as the key, and nil where the signature
    /// scheme does its own hashing (RFC 8410).
    var digest: Digest? {
        switch self {
        case .p256, .rsa: .sha256
        case .p384: .sha384
        case .p521: .sha512
        case .ed25519: nil
        }
    }
}
