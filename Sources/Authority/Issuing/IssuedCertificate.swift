// A new leaf with all that its owner needs to use it.
public import PKI

public struct IssuedCertificate: Sendable {
    public let certificate: Certificate
    /// From the issuer upwards, without the root.
    public let intermediates: [Certificate]
    /// What its owner should trust.
    public let roots: [Certificate]
    /// It ends sooner than asked for, because its issuer does.
    public let isCutShort: Bool

    /// Leaf first, as TLS sends it (RFC 8446 section 4.4.2).
    public var chainPEM: [UInt8] { ([certificate] + intermediates).flatMap(\.pem) }

    public var rootsPEM: [UInt8] { roots.flatMap(\.pem) }
}
