// TLS on a Gateway's server, field for field as Istio's ServerTLSSettings.
// A class, because most servers in a large configuration are plain and should pay one pointer.

public final class ServerTLSSettings: Sendable {
    /// The zero value, which an omitted `mode` means, is passthrough.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        case passthrough = "PASSTHROUGH"
        case simple = "SIMPLE"
        case mutual = "MUTUAL"
        case autoPassthrough = "AUTO_PASSTHROUGH"
        case istioMutual = "ISTIO_MUTUAL"
        case optionalMutual = "OPTIONAL_MUTUAL"
    }

    /// In the order of age: a later case is a newer protocol.
    public enum Version: String, Sendable, Hashable, CaseIterable {
        case automatic = "TLS_AUTO"
        case tls10 = "TLSV1_0"
        case tls11 = "TLSV1_1"
        case tls12 = "TLSV1_2"
        case tls13 = "TLSV1_3"
    }

    public struct Certificate: Sendable, Equatable {
        public var position = Position()
        /// Paths of PEM files.
        public var serverCertificate = ""
        public var privateKey = ""
        public var caCertificates = ""
        public init() {}
    }

    public struct Fields: Sendable, Equatable {
        public var position = Position()
        public var httpsRedirect = false
        /// Nil where `mode` is not written; then it acts as passthrough.
        public var mode: Mode?
        /// Paths of PEM files.
        public var serverCertificate = ""
        public var privateKey = ""
        public var caCertificates = ""
        public var caCrl = ""
        /// The name of a Secret, or one of Istio's credential URLs.
        public var credentialName = ""
        public var credentialNames: [String] = []
        /// Of `credentialName` or `credentialNames`.
        public var credentialPosition = Position()
        public var caCertCredentialName = ""
        public var tlsCertificates: [Certificate] = []
        /// Exact names, any of them.
        public var subjectAltNames: [String] = []
        /// SHA-256 in base64.
        public var verifyCertificateSpki: [String] = []
        /// SHA-256 in hex, with or without colons.
        public var verifyCertificateHash: [String] = []
        public var minProtocolVersion = Version.automatic
        public var maxProtocolVersion = Version.automatic
        public var cipherSuites: [Located<String>] = []
        public var insecureSkipVerify: Bool?
        public init() {}
    }

    /// The names that Istio takes (pkg/config/security); they are OpenSSL's too.
    public static let cipherSuites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA", "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA",
        "AES256-SHA", "DES-CBC3-SHA",
    ]

    public let fields: Fields

    public init(_ fields: Fields) {
        self.fields = fields
    }

    public var httpsRedirect: Bool { fields.httpsRedirect }
    public var mode: Mode { fields.mode ?? .passthrough }
}

extension ServerTLSSettings: Equatable {
    public static func == (left: ServerTLSSettings, right: ServerTLSSettings) -> Bool {
        left === right || left.fields == right.fields
    }
}
