// A rule for TLS connections that are passed through, by server name (Istio TLSRoute).
// Decoded and checked, not acted on yet.

public struct TLSRoute: Sendable {
    public var position = Position()
    public var match: [TLSMatchAttributes] = []
    public var route: [RouteDestination] = []
    public init() {}
}
