// Istio's Sidecar: what the proxies beside workloads listen on, and which services they see.
// Fields and defaults follow networking/v1alpha3/sidecar.proto.

public final class Sidecar: Resource {
    public static let kind = "Sidecar"
    public let metadata: Metadata
    public let source: SourceLocation
    /// Labels of the workloads meant; empty means all of its namespace.
    public let workloadSelector: [String: String]
    public let ingress: [Ingress]
    public let egress: [Egress]
    public let inboundConnectionPool: ConnectionPoolSettings?
    public let outboundTrafficPolicy: OutboundTrafficPolicy?

    public init(
        metadata: Metadata, source: SourceLocation, workloadSelector: [String: String] = [:],
        ingress: [Ingress] = [], egress: [Egress] = [],
        inboundConnectionPool: ConnectionPoolSettings? = nil,
        outboundTrafficPolicy: OutboundTrafficPolicy? = nil
    ) {
        self.metadata = metadata
        self.source = source
        self.workloadSelector = workloadSelector
        self.ingress = ingress
        self.egress = egress
        self.inboundConnectionPool = inboundConnectionPool
        self.outboundTrafficPolicy = outboundTrafficPolicy
    }

    /// How packets come to a listener.
    public enum CaptureMode: String, Sendable, Hashable, CaseIterable {
        case byEnvironment = "DEFAULT"
        case iptables = "IPTABLES"
        /// The application connects to the listener's address itself.
        case none = "NONE"
    }

    public typealias Port = Gateway.Port

    /// A port on which requests come to the workload.
    public struct Ingress: Sendable {
        public var position = Position()
        /// Nil is refused.
        public var port: Port?
        /// An IP address; empty for the default of the capture mode.
        public var bind = ""
        public var captureMode = CaptureMode.byEnvironment
        /// `127.0.0.1:80`, `0.0.0.0:80`, `[::1]:80`, `:80` or `unix:///path`; empty for the same
        /// port on loopback.
        public var defaultEndpoint = Located("")
        public var tls: ServerTLSSettings?
        public var connectionPool: ConnectionPoolSettings?
        public init() {}
    }

    /// A port on which requests leave the workload, and the services that can be reached there.
    public struct Egress: Sendable {
        public var position = Position()
        /// Nil for all ports of the services.
        public var port: Port?
        /// An IP address or `unix://...`; empty for the default of the capture mode.
        public var bind = ""
        public var captureMode = CaptureMode.byEnvironment
        /// `namespace/dns` with `*`, `.` or `~` for the namespace.
        public var hosts: [Located<String>] = []
        public init() {}
    }

    /// What becomes of requests to hosts that no object describes.
    public struct OutboundTrafficPolicy: Sendable {
        /// The zero value, which an omitted `mode` means, is REGISTRY_ONLY.
        public enum Mode: String, Sendable, Hashable, CaseIterable {
            case registryOnly = "REGISTRY_ONLY"
            case allowAny = "ALLOW_ANY"
        }

        public var position = Position()
        public var mode = Mode.registryOnly
        public var egressProxy: Destination?
        public init() {}
    }
}
