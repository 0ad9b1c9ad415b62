// TLS towards a destination (Istio ClientTLSSettings).
// A block like any other of a traffic policy: it replaces that of the level above as a whole.

public struct ClientTLSSettings: Sendable {
    /// The zero value, which an omitted `mode` means, is DISABLE.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        case disable = "DISABLE"
        case simple = "SIMPLE"
        case mutual = "MUTUAL"
        case istioMutual = "ISTIO_MUTUAL"
    }

    public var position = Position()
    public var mode = Mode.disable
    /// Paths of PEM files.
    public var clientCertificate = ""
    public var privateKey = ""
    public var caCertificates = ""
    public var credentialName = ""
    public var subjectAltNames: [String] = []
    public var sni = ""
    public var insecureSkipVerify: Bool?
    public var caCrl = ""
    public init() {}
}
