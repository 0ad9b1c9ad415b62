// What a route does beside forwarding: how long it waits, what it tries again, what it breaks on
// purpose. In one shared object, because most routes say nothing about it and all those are alike.

public final class RoutePolicy: Sendable {
    /// For the whole answer, all tries and pauses included, from the end of the request; 0: none.
    public let timeoutMs: UInt32
    /// nil: nothing is tried again.
    public let retry: RetryPolicy?
    /// nil: nothing is broken on purpose.
    public let fault: FaultPolicy?
    /// Where copies of requests go.
    public let mirrors: [MirrorPolicy]
    /// nil: other sites' scripts are told nothing.
    public let cors: CORSPolicy?
    /// Statistics of its own have this name (`statPrefix` of a match); nil: there are none.
    public let statPrefix: String?

    // What every request asks, kept apart from what only a failure does.

    /// Of `retry`; 0 where there is none.
    public let perTryTimeoutMs: UInt32
    /// Some answers are tried again by their status.
    public let looksAtStatus: Bool
    /// Some answers are tried again by their grpc-status.
    public let looksAtGRPCStatus: Bool
    /// Something may be tried again that has reached an endpoint.
    public let retriesWhatWasSent: Bool

    public init(
        timeoutMs: UInt32 = 0, retry: RetryPolicy? = .standard, fault: FaultPolicy? = nil,
        mirrors: [MirrorPolicy] = [], cors: CORSPolicy? = nil, statPrefix: String? = nil
    ) {
        self.timeoutMs = timeoutMs
        self.retry = retry
        self.fault = fault
        self.mirrors = mirrors
        self.cors = cors
        self.statPrefix = statPrefix
        let conditions = retry?.conditions ?? []
        perTryTimeoutMs = retry?.perTryTimeoutMs ?? 0
        looksAtStatus =
            !conditions.isDisjoint(with: .byStatus)
            || conditions.contains(.statusCodes) && retry?.statuses.isEmpty == false
        looksAtGRPCStatus = !conditions.isDisjoint(with: .byGRPCStatus)
        retriesWhatWasSent = looksAtStatus || !conditions.isDisjoint(with: .byReset)
    }

    /// The same for a route that is counted apart.
    func counted(as statPrefix: String) -> RoutePolicy {
        RoutePolicy(
            timeoutMs: timeoutMs, retry: retry, fault: fault, mirrors: mirrors, cors: cors,
            statPrefix: statPrefix)
    }

    /// Of rules that say nothing: no timeout, and Istio's two retries.
    public static let standard = RoutePolicy()

    /// Of a sidecar's routes to its own workload (Istio's buildInboundRetryPolicy): what did not
    /// begin to go out is sent again.
    public static let inbound = RoutePolicy(
        retry: RetryPolicy(attempts: 2, conditions: .resetBeforeRequest))
}

extension RoutePolicy: Hashable {
    public static func == (left: RoutePolicy, right: RoutePolicy) -> Bool {
        left === right
            || left.timeoutMs == right.timeoutMs && left.retry == right.retry
                && left.fault == right.fault && left.mirrors == right.mirrors
                && left.cors == right.cors && left.statPrefix == right.statPrefix
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(timeoutMs)
        hasher.combine(retry)
        hasher.combine(fault)
        hasher.combine(mirrors)
        hasher.combine(cors)
        hasher.combine(statPrefix)
    }
}
