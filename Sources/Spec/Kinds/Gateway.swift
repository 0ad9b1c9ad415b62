// Istio's Gateway: the servers a gateway opens and the hosts each serves.
// Fields and defaults follow networking/v1alpha3/gateway.proto.

public final class Gateway: Resource {
    public static let kind = "Gateway"
    public let metadata: Metadata
    public let source: SourceLocation
    /// Labels of the proxies meant; empty means every gateway.
    public let selector: [String: String]
    public let servers: [Server]

    public init(
        metadata: Metadata, source: SourceLocation, selector: [String: String] = [:],
        servers: [Server] = []
    ) {
        self.metadata = metadata
        self.source = source
        self.selector = selector
        self.servers = servers
    }

    /// One port and what is served on it.
    public struct Server: Sendable {
        public var position = Position()
        /// Statistics only.
        public var name = ""
        public var port = Port()
        /// An IP address, `unix:///path`, `unix://@abstract`; empty for all addresses.
        public var bind = ""
        /// `dns`, `namespace/dns`, `./dns`, `*/dns`, as written.
        public var hosts: [Located<String>] = []
        public var tls: ServerTLSSettings?
        /// Documented by Istio, implemented nowhere.
        public var defaultEndpoint = ""

        public init() {}

        /// `tls.httpsRedirect` on a plain-text server.
        public var redirectsToHTTPS: Bool { tls?.httpsRedirect ?? false }
        /// The connection starts with a TLS handshake.
        public var needsTLS: Bool { port.protocolName.isTLS }
    }

    public struct Port: Sendable {
        public var position = Position()
        /// 0 only with a unix bind.
        public var number: UInt16 = 0
        public var protocolName = PortProtocol.unspecified
        public var name = ""
        public init() {}
    }
}
