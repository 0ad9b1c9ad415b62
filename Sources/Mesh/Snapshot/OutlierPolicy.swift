// When an endpoint that fails is left out for a while: `outlierDetection` of a DestinationRule.
// Numbers are final, with Istio's and Envoy's defaults filled in, so that whoever acts on them
// need not know them.

public final class OutlierPolicy: Sendable, Equatable {
    /// Errors in a row that eject an endpoint; 0: never.
    public let consecutive5xx: UInt32
    /// The same for 502, 503 and 504.
    public let consecutiveGatewayErrors: UInt32
    /// The same for failures to connect, where these are told apart; 0 where they are not.
    public let consecutiveLocalOriginFailures: UInt32
    /// `splitExternalLocalOriginErrors`: connections that fail are no answers of 503.
    public let splitsLocalOrigin: Bool
    /// Which statuses are errors, in order; nil: those of 500 and more.
    public let errorCodes: [UInt16]?
    /// How often it is looked whether an ejected endpoint may come back.
    public let intervalMs: UInt64
    /// An endpoint's first ejection takes as long, its second twice as long...
    public let baseEjectionMs: UInt64
    /// ...and none longer (Envoy's max_ejection_time: 300 s, or the first one where that is more).
    public let maxEjectionMs: UInt64
    /// Of the endpoints, ejected at the same time; 0 to 100.
    public let maxEjectionPercent: UInt32
    /// With fewer healthy endpoints than this every one of them is asked (Envoy's panic); 0: none
    /// is asked that is ejected.
    public let minHealthPercent: UInt32

    public init(
        consecutive5xx: UInt32 = 5, consecutiveGatewayErrors: UInt32 = 0,
        consecutiveLocalOriginFailures: UInt32 = 0, splitsLocalOrigin: Bool = false,
        errorCodes: [UInt16]? = nil, intervalMs: UInt64 = 10_000, baseEjectionMs: UInt64 = 30_000,
        maxEjectionPercent: UInt32 = 10, minHealthPercent: UInt32 = 0
    ) {
        self.consecutive5xx = consecutive5xx
        self.consecutiveGatewayErrors = consecutiveGatewayErrors
        self.consecutiveLocalOriginFailures = consecutiveLocalOriginFailures
        self.splitsLocalOrigin = splitsLocalOrigin
        self.errorCodes = errorCodes
        self.intervalMs = intervalMs
        self.baseEjectionMs = baseEjectionMs
        maxEjectionMs = max(300_000, baseEjectionMs)
        self.maxEjectionPercent = maxEjectionPercent
        self.minHealthPercent = minHealthPercent
    }

    public static func == (left: OutlierPolicy, right: OutlierPolicy) -> Bool {
        left === right
            || left.consecutive5xx == right.consecutive5xx
                && left.consecutiveGatewayErrors == right.consecutiveGatewayErrors
                && left.consecutiveLocalOriginFailures == right.consecutiveLocalOriginFailures
                && left.splitsLocalOrigin == right.splitsLocalOrigin
                && left.errorCodes == right.errorCodes && left.intervalMs == right.intervalMs
                && left.baseEjectionMs == right.baseEjectionMs
                && left.maxEjectionPercent == right.maxEjectionPercent
                && left.minHealthPercent == right.minHealthPercent
    }

    /// The status as it counts (Envoy's error_matcher): what is an error by `errorCodes` and below
    /// 500 counts as 500, and what is none as 200.
    public func counted(_ status: UInt16) -> UInt16 {
        guard let errorCodes else { return status }
        if errorCodes.contains(status) { return status >= 500 ? status : 500 }
        return 200
    }
}
