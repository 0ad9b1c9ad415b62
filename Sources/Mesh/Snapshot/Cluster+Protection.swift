// A cluster's limits and outlier detection in words, a line each, for explanations and dumps.
// What nobody wrote is not told: it would be the same line under every destination.

extension Cluster {
    public var protectionSteps: [String] {
        (pool?.steps ?? []) + (outliers.map { [$0.text] } ?? [])
    }
}

extension PoolPolicy {
    fileprivate var steps: [String] {
        var bounds: [String] = []
        for (limit, one, many) in [
            (limits?.connections, "connection", "connections"),
            (limits?.pendingRequests, "request waiting", "requests waiting"),
            (limits?.requests, "request under way", "requests under way"),
            (
                limits?.retryBudget == nil ? limits?.retries : nil, "retry under way",
                "retries under way"
            ),
        ] {
            guard let limit, limit < .max else { continue }
            bounds.append("\(limit) \(limit == 1 ? one : many)")
        }
        var ends: [String] = []
        if lifetime.requests > 0 {
            ends.append(
                lifetime.requests == 1 ? "one request" : "\(lifetime.requests) requests")
        }
        if lifetime.durationMs > 0 { ends.append(RoutePolicy.time(lifetime.durationMs)) }
        if let idle = lifetime.httpIdleMs, idle > 0 {
            ends.append("\(RoutePolicy.time(idle)) without one")
        }
        if let budget = limits?.retryBudget { bounds.append(budget.text) }
        var steps: [String] = []
        if !bounds.isEmpty { steps.append("at most \(bounds.joined(separator: ", "))") }
        if !ends.isEmpty {
            steps.append("a connection ends after \(ends.joined(separator: ", or "))")
        }
        if concurrentStreams < .max {
            steps.append("at most \(concurrentStreams) at the same time on a connection")
        }
        if let pings { steps.append("pinged every \(RoutePolicy.time(pings.intervalMs))") }
        return steps
    }
}

extension PoolPolicy.RetryBudget {
    /// `retries under way up to 20 % of the requests of 10s (3 always)`
    fileprivate var text: String {
        let tenths = share / 1000
        let percent = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
        let whose = intervalMs > 0 ? "of \(RoutePolicy.time(intervalMs))" : "under way"
        return "retries under way up to \(percent) % of the requests \(whose) (\(least) always)"
    }
}

extension OutlierPolicy {
    /// `left out for 3m after 1 gateway error in a row, 100 % of the endpoints at most`
    fileprivate var text: String {
        var causes: [String] = []
        for (count, what) in [
            (consecutive5xx, errorCodes == nil ? "5xx" : "error"),
            (consecutiveGatewayErrors, "gateway error"),
            (consecutiveLocalOriginFailures, "failed connection"),
        ] where count > 0 {
            causes.append("\(count) \(what)\(count == 1 || what == "5xx" ? "" : "s")")
        }
        guard !causes.isEmpty else { return "an endpoint is never left out" }
        let time = RoutePolicy.time(UInt32(clamping: baseEjectionMs))
        return "an endpoint is left out for \(time) and more after "
            + "\(causes.joined(separator: " or ")) in a row, "
            + "\(maxEjectionPercent) % of them at most"
    }
}
