// How connections to an endpoint are encrypted: what a DestinationRule's `tls` says, or what auto
// mTLS found out. It belongs to the endpoint and not to the cluster, for one service may have
// members with a sidecar and members without.

public final class UpstreamTLS: Sendable {
    /// What the server's certificate is checked against.
    public enum Trust: Sendable, Hashable {
        /// The CA bundle of this machine.
        case system
        /// The CA in a Secret (`ca.crt`, `cacert`, or `<name>-cacert`), or a PEM file.
        case secret(namespace: String, name: String)
        case file(String)
        /// The roots of the mesh.
        case workload
        /// `insecureSkipVerify`
        case nobody
    }

    /// Mutual TLS of the mesh: ALPN names are Istio's (`istio-http/1.1`, `istio-h2`, `istio`).
    public let isMeshMutual: Bool
    /// SNI; nil takes the request's authority without its port (`auto_sni`).
    public let serverName: String?
    /// What this side shows when it is asked; nil for nothing.
    public let identity: TLSCredential?
    public let trust: Trust
    /// Path of a PEM file of CRLs.
    public let revocationFile: String?
    /// Exact SANs (DNS names, URIs, addresses), any of which the server's certificate must hold.
    /// Empty: with a fixed `serverName` or none the name that went out as SNI is checked
    /// (`auto_san_validation`), in the mesh any identity of it will do.
    public let subjectAltNames: [String]
    public let origin: Origin

    public init(
        isMeshMutual: Bool = false, serverName: String? = nil, identity: TLSCredential? = nil,
        trust: Trust = .system, revocationFile: String? = nil, subjectAltNames: [String] = [],
        origin: Origin
    ) {
        self.isMeshMutual = isMeshMutual
        self.serverName = serverName
        self.identity = identity
        self.trust = trust
        self.revocationFile = revocationFile
        self.subjectAltNames = subjectAltNames
        self.origin = origin
    }

    /// Tells apart what needs a TLS context of its own: identity, trust and revocations. SNI, ALPN
    /// and names to check belong to single connections.
    public var credentialKey: String {
        "\(identity.map { "\($0)" } ?? "-")|\(trust)|\(revocationFile ?? "-")"
    }

    public static func areSame(_ left: UpstreamTLS?, _ right: UpstreamTLS?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left.isSame(as: right)
    }

    func isSame(as other: UpstreamTLS) -> Bool {
        self === other
            || isMeshMutual == other.isMeshMutual && serverName == other.serverName
                && identity == other.identity && trust == other.trust
                && revocationFile == other.revocationFile
                && subjectAltNames == other.subjectAltNames && origin == other.origin
    }
}
