// The virtual hosts of one listener and the way from a request to its route: virtual host by
// authority (exact, then the longest `*.suffix`, then `*`), then the first route that matches.
// Look-ups work on bytes in place: no String is made, nothing is allocated, and no object is
// touched: with ten thousand hosts each would be a cache miss or two.

public final class RouteTable: Sendable {
    /// Istio's name, `http.8080`.
    public let name: String
    public let virtualHosts: [VirtualHost]
    @usableFromInline let hosts: HostTable
    @usableFromInline let arena: LookupArena
    /// The automata of regexes, one behind the other; those that are equal are there once.
    @usableFromInline let programs: [UInt64]
    /// What routes do; those that do the same share one.
    @usableFromInline let plans: ContiguousArray<RoutePlan>

    public init(name: String, virtualHosts: [VirtualHost]) {
        self.name = name
        self.virtualHosts = virtualHosts
        var draft = Draft(virtualHosts)
        for (index, host) in virtualHosts.enumerated() { draft.append(host, index: index) }
        draft.arena.finish()
        hosts = draft.hosts
        arena = draft.arena
        programs = draft.programs
        plans = draft.plans
    }

    private struct Draft {
        var hosts: HostTable
        var arena = LookupArena()
        var programs: [UInt64] = []
        var plans: ContiguousArray<RoutePlan> = []
        private var known: [ArraySlice<UInt8>: UInt32] = [:]
        private var knownPlans: [PlanIdentity: UInt32] = [:]
        private var routeCount = 0

        init(_ virtualHosts: [VirtualHost]) {
            var wildcardCount = 0
            var domainCount = 0
            var routeCount = 0
            for host in virtualHosts {
                domainCount += host.domains.count
                routeCount += host.routes.count
                for domain in host.domains where domain.utf8.first == UInt8(ascii: "*") {
                    wildcardCount += 1
                }
            }
            hosts = HostTable(
                exactCount: domainCount - wildcardCount, wildcardCount: wildcardCount)
            arena.reserve(hosts: domainCount, routes: routeCount)
        }

        mutating func append(_ host: VirtualHost, index: Int) {
            for domain in host.domains.prefix(1) {
                hosts.insert(domain, record: nil, into: &arena)
            }
            let record = arena.bytes.count
            arena.append(
                virtualHost: index, firstRoute: routeCount, routeCount: host.routes.count,
                redirectsToHTTPS: host.redirectsToHTTPS)
            for route in host.routes {
                arena.append(
                    route.match,
                    plan: plan(RoutePlan(action: route.action, headers: route.headers)),
                    program: program(route.match))
            }
            routeCount += host.routes.count
            for domain in host.domains.dropFirst() {
                hosts.insert(domain, record: record, into: &arena)
            }
        }

        private mutating func plan(_ plan: RoutePlan) -> UInt32 {
            let identity = PlanIdentity(plan)
            if let place = knownPlans[identity] { return place }
            let place = UInt32(plans.count)
            plans.append(plan)
            knownPlans[identity] = place
            return place
        }

        private mutating func program(_ match: RouteMatch) -> UInt32? {
            guard case .regex(let regex) = match.path, let automaton = regex.automaton else {
                return nil
            }
            if let place = known[regex.ending] { return place }
            let place = UInt32(programs.count)
            programs += automaton.words
            known[regex.ending] = place
            return place
        }
    }
}

/// Plans of which the parts are the same objects are the same.
private struct PlanIdentity: Hashable {
    private let action: ObjectIdentifier
    private let headers: ObjectIdentifier?

    init(_ plan: RoutePlan) {
        action =
            switch plan.action {
            case .forward(let forward): ObjectIdentifier(forward)
            case .redirect(let redirect): ObjectIdentifier(redirect)
            case .direct(let response): ObjectIdentifier(response)
            }
        headers = plan.headers.map(ObjectIdentifier.init)
    }
}

/// Where a virtual host was found in its table.
@frozen
public struct HostPlace: Sendable, Equatable {
    @usableFromInline let record: Int

    @inlinable init(record: Int) { self.record = record }

    /// Of no table.
    public static let none = HostPlace(record: 0)
}

/// Which route of a virtual host a request found.
@frozen
public struct FoundRoute: Sendable {
    /// Among those of all virtual hosts of the table.
    public let number: Int
    @usableFromInline let plan: UInt32

    @inlinable
    init(number: Int, plan: UInt32) {
        self.number = number
        self.plan = plan
    }
}

/// What of a route every request needs. What a request is to be asked or given belongs here, so
/// that the `Route` itself is for people alone; what it refers to is shared by routes alike.
@frozen
public struct RoutePlan: Sendable {
    public let action: RouteAction
    /// Header operations of the whole rule; applied before those of a destination.
    public let headers: HeaderMutations?
}

/// The parts of a request that routes look at; borrowed for the length of one look-up.
/// `path` is normalised and without the query; `query` is without the `?`, raw.
@frozen
public struct RouteRequest: ~Escapable {
    public let path: Span<UInt8>
    public let query: Span<UInt8>
    public let method: Span<UInt8>
    /// As sent, with any port.
    public let authority: Span<UInt8>
    /// `http` or `https`
    public let scheme: Span<UInt8>

    @inlinable
    @_lifetime(copy path, copy query, copy method, copy authority, copy scheme)
    public init(
        path: Span<UInt8>, query: Span<UInt8>, method: Span<UInt8>, authority: Span<UInt8>,
        scheme: Span<UInt8>
    ) {
        self.path = path
        self.query = query
        self.method = method
        self.authority = authority
        self.scheme = scheme
    }
}

/// Where a route finds header fields. `body` gets the values of all fields called `name`
/// (lower case), joined with `,`, or nil where there is none.
public protocol HeaderSource {
    func withValue<R>(of name: [UInt8], _ body: (borrowing Span<UInt8>?) -> R) -> R
}
