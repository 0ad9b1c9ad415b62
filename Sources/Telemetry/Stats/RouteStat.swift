// What is counted of a route that asks for statistics of its own (`statPrefix` of a match).
// A family of its own, made when the first request comes, so that routes that ask for none cost
// nothing.

/// `vhost.<virtual host>.route.<statPrefix>.<name>`
@frozen
public enum RouteStat: Int, StatFamily {
    case upstreamRq1xx
    case upstreamRq2xx
    case upstreamRq3xx
    case upstreamRq4xx
    case upstreamRq5xx
    case upstreamRqCompleted
    case upstreamRqTotal
    case upstreamRqRetry
    case upstreamRqRetryLimitExceeded
    case upstreamRqRetryOverflow
    case upstreamRqRetrySuccess
    case upstreamRqTimeout

    public var definition: StatDefinition {
        switch self {
        case .upstreamRq1xx: Self.answers("1xx")
        case .upstreamRq2xx: Self.answers("2xx")
        case .upstreamRq3xx: Self.answers("3xx")
        case .upstreamRq4xx: Self.answers("4xx")
        case .upstreamRq5xx: Self.answers("5xx")
        case .upstreamRqCompleted:
            StatDefinition("upstream_rq_completed", .counter, "Requests that were answered")
        case .upstreamRqTotal:
            StatDefinition("upstream_rq_total", .counter, "Tries of requests of the route")
        case .upstreamRqRetry:
            StatDefinition("upstream_rq_retry", .counter, "Tries made again")
        case .upstreamRqRetryLimitExceeded:
            StatDefinition(
                "upstream_rq_retry_limit_exceeded", .counter,
                "Requests that failed as often as may be tried")
        case .upstreamRqRetryOverflow:
            StatDefinition(
                "upstream_rq_retry_overflow", .counter,
                "Tries not made again because as many are under way as may be")
        case .upstreamRqRetrySuccess:
            StatDefinition(
                "upstream_rq_retry_success", .counter, "Requests that were tried again and served")
        case .upstreamRqTimeout:
            StatDefinition(
                "upstream_rq_timeout", .counter, "Requests that were not answered in time")
        }
    }

    private static func answers(_ codeClass: String) -> StatDefinition {
        StatDefinition(
            "upstream_rq_\(codeClass)", .counter, "Answers with a status of \(codeClass)",
            responseCodeClass: codeClass)
    }

    /// nil for a status of no class.
    public init?(status: UInt16) {
        switch status / 100 {
        case 1: self = .upstreamRq1xx
        case 2: self = .upstreamRq2xx
        case 3: self = .upstreamRq3xx
        case 4: self = .upstreamRq4xx
        case 5: self = .upstreamRq5xx
        default: return nil
        }
    }
}

public typealias RouteStats = StatTable<RouteStat>

/// What names a route's statistics.
public struct RouteStatKey: Hashable, Sendable {
    /// `reviews.default.svc.cluster.local:9080`
    public let virtualHost: String
    /// `statPrefix`
    public let route: String

    public init(virtualHost: String, route: String) {
        self.virtualHost = virtualHost
        self.route = route
    }
}
