// Everything the data plane needs to serve traffic, compiled once and never changed afterwards.
// It is one immutable object so that every loop can read it without a lock, and a bad configuration
// can be rejected whole while the old one goes on serving.
public import Spec

/// The compiled configuration of one proxy.
///
/// Two tiers: `routing` names destinations by their index in `clusters`, so that a change of
/// endpoints alone makes new clusters and leaves every route table as it is.
public final class Snapshot: Sendable {
    /// Rises by one with every configuration that went live.
    public let version: UInt64
    public let routing: Routing
    /// A route's `WeightedDestination.cluster` is an index into this list.
    public let clusters: [Cluster]
    /// What compiling had to say; no errors among them, for such a configuration has no snapshot.
    public let diagnostics: [Diagnostic]
    /// What a resolver beside a captured workload knows; nil for any other proxy.
    let meshNames: NameTable?

    public convenience init(
        version: UInt64, routing: Routing, clusters: [Cluster], diagnostics: [Diagnostic] = []
    ) {
        self.init(
            version: version, routing: routing, clusters: clusters, diagnostics: diagnostics,
            meshNames: nil)
    }

    init(
        version: UInt64, routing: Routing, clusters: [Cluster], diagnostics: [Diagnostic],
        meshNames: NameTable?
    ) {
        self.version = version
        self.routing = routing
        self.clusters = clusters
        self.diagnostics = diagnostics
        self.meshNames = meshNames
    }

    /// The host names that requests need addresses of, lower case.
    public var names: Set<String> {
        var names: Set<String> = []
        for cluster in clusters where cluster.discovery != .fixed {
            for endpoint in cluster.endpoints where endpoint.isName {
                names.insert(endpoint.address)
            }
        }
        return names
    }

    public static let empty = Snapshot(version: 0, routing: Routing(listeners: []), clusters: [])
}

/// The tier that changes seldom: listeners and, behind them, route tables.
public final class Routing: Sendable {
    public let listeners: [ListenerSpec]
    /// What it was compiled from, so that the next compile can tell whether it still holds.
    let inputs: RoutingInputs?

    public init(listeners: [ListenerSpec]) {
        self.listeners = listeners
        inputs = nil
    }

    init(listeners: [ListenerSpec], inputs: RoutingInputs) {
        self.listeners = listeners
        self.inputs = inputs
    }
}

/// One address and port to accept connections on, and what is spoken there.
public final class ListenerSpec: Sendable {
    public enum Kind: Sendable {
        /// HTTP/1.1 (HTTP, HTTP2, GRPC and GRPC-WEB servers): requests are routed by the table.
        case http(RouteTable)
        /// Bytes: the first destination rule that applies owns the listener.
        case tcp(TCPRoute?)
        /// TLS: the server name the client asks for chooses the chain.
        case tls([FilterChain])
        /// TLS or not, told apart by the first bytes (PeerAuthentication's PERMISSIVE).
        case sniffed([FilterChain], plain: PlainHandling)
    }

    /// What becomes of a connection that does not begin with a ClientHello.
    public enum PlainHandling: Sendable {
        case http(RouteTable)
        case tcp(TCPRoute?)
        /// Requests where the first bytes are a request line of HTTP, else bytes.
        case detected(RouteTable, TCPRoute?)

        public var table: RouteTable? {
            switch self {
            case .http(let table), .detected(let table, _): table
            case .tcp: nil
            }
        }
    }

    /// Which way requests pass through this proxy (Envoy's `traffic_direction`).
    public enum Direction: Sendable {
        /// From outside, at the edge: what clients say of themselves is not believed.
        case gateway
        /// To the workload a sidecar stands beside.
        case inbound
        /// From the workload a sidecar stands beside.
        case outbound
    }

    /// Envoy's listener name, `0.0.0.0_8080`; the label of its statistics.
    public let name: String
    /// An IP address literal, or `unix:///path`, `unix://@abstract`.
    public let bind: String
    /// The port to bind, after the port map; 0 for unix sockets.
    public let port: UInt16
    /// The port as the Gateway declares it: what `port:` matches and redirects speak of.
    public let declaredPort: UInt16
    public let kind: Kind
    /// What CONNECT is routed by, where the listener is a forward proxy; nil where it is none.
    public let connect: RouteTable?
    public let direction: Direction
    public let reach: Reach
    /// The Gateway servers that make up this listener, for people.
    public let origins: [Origin]

    public init(
        name: String, bind: String, port: UInt16, declaredPort: UInt16, kind: Kind,
        connect: RouteTable? = nil, direction: Direction = .gateway, reach: Reach = .bound,
        origins: [Origin]
    ) {
        self.name = name
        self.bind = bind
        self.port = port
        self.declaredPort = declaredPort
        self.kind = kind
        self.connect = connect
        self.direction = direction
        self.reach = reach
        self.origins = origins
    }
}

extension ListenerSpec {
    /// The route tables behind it: one for plain HTTP, one a chain for HTTPS, none for bytes.
    public var tables: [RouteTable] {
        switch kind {
        case .http(let table): [table]
        case .tcp: []
        case .tls(let chains): Self.tables(of: chains)
        case .sniffed(let chains, let plain):
            Self.tables(of: chains) + (plain.table.map { [$0] } ?? [])
        }
    }

    /// The chains of a listener that speaks TLS; none for any other.
    public var chains: [FilterChain] {
        switch kind {
        case .http, .tcp: []
        case .tls(let chains), .sniffed(let chains, _): chains
        }
    }

    private static func tables(of chains: [FilterChain]) -> [RouteTable] {
        chains.compactMap { chain in
            if case .terminateHTTP(_, let table) = chain.handling { table } else { nil }
        }
    }
}

/// Where a piece of the compiled configuration came from, so that `explain`, the admin pages and
/// the log can point at file and line.
public struct Origin: Sendable, Hashable {
    /// `VirtualService default/bookinfo`
    public let object: ObjectKey
    public let location: SourceLocation

    public init(object: ObjectKey, location: SourceLocation) {
        self.object = object
        self.location = location
    }
}
