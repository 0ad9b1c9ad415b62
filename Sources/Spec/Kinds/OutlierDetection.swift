// When an endpoint that answers with errors is left out for a while (Istio OutlierDetection).
// Decoded and checked, not acted on yet.

public struct OutlierDetection: Sendable {
    public var position = Position()
    /// Deprecated; without effect since Istio 1.7.
    public var consecutiveErrors: Int32?
    public var splitExternalLocalOriginErrors = false
    public var consecutiveLocalOriginFailures: UInt32?
    public var consecutiveGatewayErrors: UInt32?
    /// 5 where it says nothing; 0 switches it off.
    public var consecutive5xxErrors: UInt32?
    /// 10 s where it says nothing.
    public var interval: Duration?
    /// 30 s where it says nothing.
    public var baseEjectionTime: Duration?
    /// 10 where it says nothing or 0.
    public var maxEjectionPercent: Int32?
    public var minHealthPercent: Int32?
    public var outlierDetectionHttpErrorCodes: [UInt32] = []
    public init() {}
}
