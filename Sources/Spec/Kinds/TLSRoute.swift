// A rule for TLS connections that are passed through, by server name (Istio TLSRoute).
// The first match whose server name fits owns the connection.

public struct TLSRoute: Sendable {
    public var position = Position()
    public var match: [TLSMatchAttributes] = []
    public var route: [RouteDestination] = []
    public init() {}
}
