// When an endpoint that answers with errors is left out for a while (Istio OutlierDetection).
// What is left open here has its defaults filled in where it is compiled.

public struct OutlierDetection: Sendable {
    public var position = Position()
    /// Deprecated: gateway errors in a row, as until Istio 1.6; Istio ignores it since.
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
