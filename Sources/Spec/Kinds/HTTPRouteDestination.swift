// One share of an HTTP rule's traffic (Istio HTTPRouteDestination).
// Headers are changed here as well as on the rule, so that a canary can be told from the rest.

/// One share of a rule's traffic.
public struct HTTPRouteDestination: Sendable {
    public var position = Position()
    public var destination = Destination()
    /// 0 when omitted; a single destination gets everything whatever it says.
    public var weight: Int32 = 0
    public var headers: Headers?
    public init() {}
}
