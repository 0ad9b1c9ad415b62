// Statistics of routes that ask for their own.
// Counters are remembered by host and route: only the first request of a route on a worker sees
// their names.
import Mesh
import Telemetry

extension Exchange {
    /// nil for routes that did not ask; see `RoutePolicy.statPrefix`.
    var routeStats: RouteStats? {
        guard let forward, let prefix = forward.policy.statPrefix, let host = virtualHost else {
            return nil
        }
        let place = RoutePlace(host: ObjectIdentifier(host), forward: ObjectIdentifier(forward))
        if let known = worker.routeStats[place] { return known.stats }
        let stats = worker.metrics.route(RouteStatKey(virtualHost: host.name, route: prefix))
        worker.routeStats[place] = CountedRoute(stats: stats, host: host, forward: forward)
        return stats
    }

    /// The exchange is over.
    func countForRoute() {
        guard let stats = routeStats else { return }
        stats.add(.upstreamRqTotal, 1 + UInt64(tries.retries))
        stats.add(.upstreamRqRetry, UInt64(tries.retries))
        if flags.contains(.upstreamRequestTimeout) { stats.add(.upstreamRqTimeout) }
        if flags.contains(.upstreamRetryLimitExceeded) { stats.add(.upstreamRqRetryLimitExceeded) }
        guard let answered = RouteStat(status: status) else { return }
        stats.add(answered)
        stats.add(.upstreamRqCompleted)
    }
}

/// A route of a virtual host.
struct RoutePlace: Hashable {
    let host: ObjectIdentifier
    let forward: ObjectIdentifier
}

/// Its counters, and what its place is made of: as long as these live, so do their identities.
struct CountedRoute {
    let stats: RouteStats
    let host: VirtualHost
    let forward: Forward
}
