// A cluster: how to talk to one port (and subset) of one service, and the endpoints behind it.

public final class Cluster: Sendable {
    public enum LoadBalancing: Sendable {
        case roundRobin, leastRequest, random, ringHash, maglev
    }

    /// What is spoken to the endpoints.
    public enum UpstreamProtocol: Sendable {
        case http1
        /// By prior knowledge, or by ALPN where there is TLS.
        case http2
        /// Whatever the client spoke (`useClientProtocol`).
        case asClient
    }

    /// Where the addresses of its endpoints come from.
    public enum Discovery: Sendable {
        /// They are written down.
        case fixed
        /// Every address of an endpoint's name is an endpoint (`DNS`; Envoy's STRICT_DNS).
        case allAddresses
        /// The name is one endpoint, each new connection goes to one of its addresses, and those
        /// that are open stay when the addresses change (`DNS_ROUND_ROBIN`; Envoy's LOGICAL_DNS).
        case oneAddress
    }

    /// Envoy's name, `outbound|9080|v1|reviews.default.svc.cluster.local`.
    public let name: String
    /// The fully qualified host, `reviews.default.svc.cluster.local`.
    public let host: String
    /// `reviews`; for a ServiceEntry host the host itself.
    public let serviceName: String
    public let namespace: String
    public let port: UInt16
    /// Empty when there is none.
    public let subset: String
    public let loadBalancing: LoadBalancing
    public let upstreamProtocol: UpstreamProtocol
    /// milliseconds
    public let connectTimeoutMs: UInt32
    public let discovery: Discovery
    /// nil: nothing is limited.
    public let pool: PoolPolicy?
    /// nil: no endpoint is ever left out.
    public let outliers: OutlierPolicy?
    public let endpoints: [Endpoint]
    /// Priorities, hashing, warm-up; nil where nothing is said of them.
    public let balance: BalancePolicy?
    /// nil: connections begin with what is meant for the endpoint.
    public let proxyHeader: ProxyHeader?
    /// Connections of bytes go on from the endpoint, an HTTP proxy, to somewhere else; nil: they
    /// end there. Requests are sent to the endpoint all the same, as Istio has it.
    public let tunnel: TunnelPolicy?
    /// Connections go where the client meant them to (Envoy's ORIGINAL_DST), each as if this were
    /// the endpoint there; where that is not known, to `endpoints`. nil for clusters that choose
    /// among their endpoints.
    public let original: Endpoint?
    /// Endpoints are the hosts that requests name; nil where endpoints are known. Beside `original`
    /// it is for calls that were not redirected.
    public let dynamic: DynamicHosts?
    /// Its endpoints are outside of the mesh, and called by a proxy of the mesh for a client of the
    /// mesh: what the two know of each other is not told them.
    public let leavesMesh: Bool
    /// The object that made the service known, and the DestinationRule where one applies.
    public let origins: [Origin]

    public init(
        name: String, host: String, serviceName: String, namespace: String, port: UInt16,
        subset: String, loadBalancing: LoadBalancing,
        upstreamProtocol: UpstreamProtocol = .http1, connectTimeoutMs: UInt32,
        discovery: Discovery = .fixed,
        pool: PoolPolicy? = nil, outliers: OutlierPolicy? = nil, endpoints: [Endpoint],
        balance: BalancePolicy? = nil, proxyHeader: ProxyHeader? = nil, tunnel: TunnelPolicy? = nil,
        original: Endpoint? = nil, dynamic: DynamicHosts? = nil, leavesMesh: Bool = false,
        origins: [Origin]
    ) {
        self.name = name
        self.host = host
        self.serviceName = serviceName
        self.namespace = namespace
        self.port = port
        self.subset = subset
        self.loadBalancing = loadBalancing
        self.upstreamProtocol = upstreamProtocol
        self.connectTimeoutMs = connectTimeoutMs
        self.discovery = discovery
        self.pool = pool
        self.outliers = outliers
        self.endpoints = endpoints
        self.balance = balance
        self.proxyHeader = proxyHeader
        self.tunnel = tunnel
        self.original = original
        self.dynamic = dynamic
        self.leavesMesh = leavesMesh
        self.origins = origins
    }
}

extension Cluster {
    /// Its endpoints, and what those are like that only calls will bring.
    public var knownEndpoints: [Endpoint] {
        endpoints + [original, dynamic?.template].compactMap(\.self)
    }
}

/// One address that serves a cluster.
public final class Endpoint: Sendable {
    /// An IP literal without brackets, or `unix:///path`, `unix://@abstract`, or a name.
    public let address: String
    /// The address is a host name in lower case, whose addresses DNS knows.
    public let isName: Bool
    /// 0 for unix sockets.
    public let port: UInt16
    /// At least 1.
    public let weight: UInt32
    /// `region/zone/subzone`, empty when unknown.
    public let locality: String
    public let labels: [String: String]
    /// What the telemetry calls it; empty when unknown.
    public let workload: Workload
    /// nil: plain text.
    public let tls: UpstreamTLS?
    public let origin: Origin

    public init(
        address: String, isName: Bool = false, port: UInt16, weight: UInt32, locality: String,
        labels: [String: String], workload: Workload, tls: UpstreamTLS? = nil, origin: Origin
    ) {
        self.address = address
        self.isName = isName
        self.port = port
        self.weight = weight
        self.locality = locality
        self.labels = labels
        self.workload = workload
        self.tls = tls
        self.origin = origin
    }
}

/// The names Istio's metrics give a workload; empty strings are printed as `unknown`.
public struct Workload: Sendable, Hashable {
    public var name = ""
    public var namespace = ""
    public var app = ""
    public var version = ""
    public var canonicalService = ""
    public var canonicalRevision = ""
    public var serviceAccount = ""
    public init() {}
}
