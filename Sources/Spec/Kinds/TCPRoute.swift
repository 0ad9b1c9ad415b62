// A rule for plain connections (Istio TCPRoute).
// The first one whose conditions hold owns the listener.

public struct TCPRoute: Sendable {
    public var position = Position()
    /// Any of them; empty means every connection.
    public var match: [L4MatchAttributes] = []
    public var route: [RouteDestination] = []
    public init() {}
}
