// One share of a `tcp` or `tls` rule's connections (Istio RouteDestination).
// Chosen once a connection: bytes have no headers to change.

/// One share of a `tcp` or `tls` rule's connections.
public struct RouteDestination: Sendable {
    public var position = Position()
    public var destination = Destination()
    /// 0 when omitted; a single destination gets everything whatever it says.
    public var weight: Int32 = 0
    public init() {}
}
