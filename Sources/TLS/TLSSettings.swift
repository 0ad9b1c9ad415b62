// What a TLS context is made of, as plain values: PEM bytes and choices, no files and no handles.

/// A certificate with its chain and key, PEM.
public struct TLSIdentity: Sendable, Hashable {
    /// The leaf first, then its issuers; the root need not be there.
    public var chain: [UInt8]
    public var key: [UInt8]
    /// A DER OCSP response to staple, empty for none.
    public var staple: [UInt8] = []

    public init(chain: [UInt8], key: [UInt8]) {
        self.chain = chain
        self.key = key
    }
}

public enum TLSVersion: UInt16, Sendable, Comparable {
    case v10 = 0x0301
    case v11 = 0x0302
    case v12 = 0x0303
    case v13 = 0x0304

    public static func < (one: TLSVersion, other: TLSVersion) -> Bool {
        one.rawValue < other.rawValue
    }
}

/// How a server deals with client certificates.
public enum ClientCertificates: Sendable, Hashable {
    case ignored
    /// Asked for; verified if given.
    case optional
    case required
}

public struct TLSServerSettings: Sendable, Hashable {
    /// One, or an RSA and an ECDSA one.
    public var identities: [TLSIdentity]
    public var clientCertificates = ClientCertificates.ignored
    /// PEM; needed where client certificates are verified.
    public var clientCA: [UInt8] = []
    /// PEM CRLs.
    public var revocations: [UInt8] = []
    /// Whether a certificate is taken whose issuer has none of the `revocations`.
    public var allowsMissingLists = false
    /// Takes client certificates that do not verify.
    public var skipsVerification = false
    public var minVersion = TLSVersion.v12
    public var maxVersion = TLSVersion.v13
    /// OpenSSL names for TLS 1.2; empty for Istio's default.
    public var cipherSuites: [String] = []
    /// In order of preference.
    public var applicationProtocols: [String] = ["h2", "http/1.1"]

    public init(identities: [TLSIdentity]) {
        self.identities = identities
    }
}

public struct TLSClientSettings: Sendable, Hashable {
    public var identity: TLSIdentity?
    /// PEM; nil for the system's.
    public var trustedCA: [UInt8]?
    public var revocations: [UInt8] = []
    /// Whether a certificate is taken whose issuer has none of the `revocations`.
    public var allowsMissingLists = false
    public var skipsVerification = false
    public var minVersion = TLSVersion.v12
    public var maxVersion = TLSVersion.v13
    public var cipherSuites: [String] = []
    public var applicationProtocols: [String] = []

    public init() {}
}
