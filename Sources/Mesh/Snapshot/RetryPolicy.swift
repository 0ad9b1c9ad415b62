// When a request that failed goes out again, how often and how soon (Istio HTTPRetry).
// Defaults are those of Istio's pkg/networking/core/route/retry, which its documentation abridges.

public struct RetryPolicy: Hashable, Sendable {
    /// Beyond the first one.
    public var attempts: UInt32
    /// From the start of a try; 0: none.
    public var perTryTimeoutMs: UInt32
    public var conditions: RetryConditions
    /// What `retriable-status-codes` means here; rising.
    public var statuses: [UInt16]
    /// The pause before retry N is drawn from [0, base * 2^(N-1)), with no more than ten times the
    /// base as its upper end (Envoy's JitteredExponentialBackOffStrategy).
    public var backoffMs: UInt32
    /// Endpoints that failed this request are left out where there are others.
    public var avoidsPreviousHosts: Bool
    /// Also goes to places that are not nearest (Envoy's previous_priorities).
    public var reachesOtherLocalities: Bool

    public init(
        attempts: UInt32, perTryTimeoutMs: UInt32 = 0, conditions: RetryConditions = .standard,
        statuses: [UInt16] = [], backoffMs: UInt32 = 25, avoidsPreviousHosts: Bool = true,
        reachesOtherLocalities: Bool = false
    ) {
        self.attempts = attempts
        self.perTryTimeoutMs = perTryTimeoutMs
        self.conditions = conditions
        self.statuses = statuses
        self.backoffMs = backoffMs
        self.avoidsPreviousHosts = avoidsPreviousHosts
        self.reachesOtherLocalities = reachesOtherLocalities
    }

    /// Where a rule says nothing about retries.
    public static let standard = RetryPolicy(attempts: 2)
}
