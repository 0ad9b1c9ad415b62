// A virtual host: the routes for a set of domains, in the order they are tried.
// Immutable and shared: an exchange holds on to the table it was routed by while a newer snapshot
// is already live.
internal import Spec

public final class VirtualHost: Sendable {
    /// Envoy's name, `bookinfo.example.com:8080`; with `*` `*:8080`.
    public let name: String
    /// Lower case; exact names, `*.suffix`, or `*`.
    public let domains: [String]
    public let routes: [Route]
    /// `httpsRedirect`: every request that did not come over TLS gets 301 to https.
    public let redirectsToHTTPS: Bool

    public init(name: String, domains: [String], routes: [Route], redirectsToHTTPS: Bool = false) {
        self.name = name
        self.domains = domains
        self.routes = routes
        self.redirectsToHTTPS = redirectsToHTTPS
    }
}

/// One match block of one HTTP rule: what it asks of a request and what then happens. Requests are
/// served by what its table keeps of it (`RoutePlan`).
public final class Route: Sendable {
    /// `<rule name>` or `<rule name>.<match name>`; `default` when unnamed: `%ROUTE_NAME%`.
    public let name: String
    public let match: RouteMatch
    public let action: RouteAction
    /// Header operations of the whole rule; applied before those of a destination.
    public let headers: HeaderMutations?
    /// The object and file, shared by the routes of one VirtualService.
    private let source: RouteSource
    private let position: Position
    /// The same place by number, `http[0].match[1]` of `origin.object`.
    public let place: RulePlace

    public init(
        name: String, match: RouteMatch, action: RouteAction, headers: HeaderMutations? = nil,
        origin: Origin, place: RulePlace = RulePlace(rule: 0)
    ) {
        self.name = name
        self.match = match
        self.action = action
        self.headers = headers
        source = RouteSource(object: origin.object, file: origin.location.file)
        position = origin.location.position
        self.place = place
    }

    init(
        name: String, match: RouteMatch, action: RouteAction, headers: HeaderMutations?,
        source: RouteSource, position: Position, place: RulePlace
    ) {
        self.name = name
        self.match = match
        self.action = action
        self.headers = headers
        self.source = source
        self.position = position
        self.place = place
    }

    /// The object whose rule this is (a delegate's, where one stands in) and where it is written.
    public var origin: Origin {
        Origin(
            object: source.object,
            location: SourceLocation(file: source.file, position: position))
    }
}

/// What the routes of one VirtualService have in common: sharing it saves a third of each route.
final class RouteSource: Sendable {
    let object: ObjectKey
    let file: String

    init(object: ObjectKey, file: String) {
        self.object = object
        self.file = file
    }
}

public enum RouteAction: Sendable {
    case forward(Forward)
    case redirect(Redirect)
    case direct(DirectResponse)
}

/// `route:` with its weights and what is done to the request on the way.
public final class Forward: Sendable {
    public let destinations: [WeightedDestination]
    /// The sum of all weights; 0 never happens, the compiler refuses it.
    public let totalWeight: UInt32
    public let rewrite: Rewrite?
    /// Timeout, retries, faults and the like.
    public let policy: RoutePolicy

    public init(
        destinations: [WeightedDestination], rewrite: Rewrite? = nil,
        policy: RoutePolicy = .standard
    ) {
        self.destinations = destinations
        self.totalWeight = destinations.reduce(0) { $0 + $1.weight }
        self.rewrite = rewrite
        self.policy = policy
    }
}

public struct WeightedDestination: Sendable {
    /// Index into `Snapshot.clusters`, or nil where the host, port or subset does not exist:
    /// such a request is answered 503 NC.
    public let cluster: Int?
    /// `outbound|9080|v1|reviews.default.svc.cluster.local`, also where no such cluster exists.
    public let clusterName: String
    /// One destination alone always has weight 1 here.
    public let weight: UInt32
    public let headers: HeaderMutations?

    public init(
        cluster: Int?, clusterName: String, weight: UInt32, headers: HeaderMutations? = nil
    ) {
        self.cluster = cluster
        self.clusterName = clusterName
        self.weight = weight
        self.headers = headers
    }
}

public final class Rewrite: Sendable {
    public enum Path: Sendable, Equatable {
        case unchanged
        /// The matched prefix of `matchedLength` bytes becomes `replacement`.
        case prefix(matchedLength: Int, replacement: [UInt8])
        /// The whole path, without the query, becomes this.
        case full([UInt8])
        /// RE2 replace-all over the path, `\1` for groups.
        case regex(Regex, replacement: [UInt8])
    }

    public let path: Path
    public let authority: [UInt8]?

    public init(path: Path, authority: [UInt8]?) {
        self.path = path
        self.authority = authority
    }
}

public final class Redirect: Sendable {
    public enum Path: Sendable, Equatable {
        case unchanged
        case full([UInt8])
        case prefix(matchedLength: Int, replacement: [UInt8])
    }
    public enum Port: Sendable, Equatable {
        /// The scheme's default, so nothing is written.
        case fromProtocolDefault
        /// The port of the listener.
        case fromRequestPort
        case number(UInt16)
    }

    /// 301, 302, 303, 307 or 308
    public let status: UInt16
    public let path: Path
    public let authority: [UInt8]?
    public let scheme: [UInt8]?
    public let port: Port

    public init(
        status: UInt16, path: Path, authority: [UInt8]?, scheme: [UInt8]?, port: Port
    ) {
        self.status = status
        self.path = path
        self.authority = authority
        self.scheme = scheme
        self.port = port
    }
}

public final class DirectResponse: Sendable {
    public let status: UInt16
    public let body: [UInt8]
    /// The body begins with the authority of the request.
    public let namesAuthority: Bool
    /// What telemetry calls the destination, `BlackHoleCluster`; empty for none.
    public let clusterName: String
    /// A policy answers, and operators are told; nil where a rule does.
    public let refuses: RefusalKind?

    public init(
        status: UInt16, body: [UInt8], namesAuthority: Bool = false, clusterName: String = "",
        refuses: RefusalKind? = nil
    ) {
        self.status = status
        self.body = body
        self.namesAuthority = namesAuthority
        self.clusterName = clusterName
        self.refuses = refuses
    }
}

/// Header operations in Istio's order: `remove` is applied first to what came in, then `set`
/// overwrites, then `add` appends. Names keep the case they are written in; `:authority`, `host`
/// and other pseudo headers never appear here, they became a rewrite.
public final class HeaderMutations: Sendable {
    public struct Operations: Sendable, Equatable {
        public var remove: [[UInt8]] = []
        public var set: [HeaderValue] = []
        public var add: [HeaderValue] = []
        public var isEmpty: Bool { remove.isEmpty && set.isEmpty && add.isEmpty }
        public init() {}
    }
    public struct HeaderValue: Sendable, Equatable {
        public let name: [UInt8]
        /// Envoy's format, taken apart: literal bytes and operators in turn.
        public let value: [FormatPart]
        public init(name: [UInt8], value: [FormatPart]) {
            self.name = name
            self.value = value
        }
    }

    public let request: Operations
    public let response: Operations
    /// `host` or `:authority` given in request.set or request.add.
    public let authority: [UInt8]?
    /// Fields of the proxy's own that rules have changed, in requests and in responses.
    public let ownInRequest: OwnFields
    public let ownInResponse: OwnFields

    public init(request: Operations, response: Operations, authority: [UInt8]? = nil) {
        self.request = request
        self.response = response
        self.authority = authority
        ownInRequest = request.ownFields
        ownInResponse = response.ownFields
    }
}

/// A piece of an Envoy format string; `%%` is already a literal percent sign.
public enum FormatPart: Sendable, Hashable {
    case literal([UInt8])
    case downstreamRemoteAddress
    case downstreamRemoteAddressWithoutPort
    case downstreamLocalAddress
    case downstreamLocalAddressWithoutPort
    case downstreamLocalPort
    case upstreamRemoteAddress
    case upstreamCluster
    case upstreamHost
    case protocolName
    case requestHeader(name: [UInt8])
    case responseHeader(name: [UInt8])
    case startTime
    case responseCode
    case responseFlags
    case routeName
    case hostname
}
