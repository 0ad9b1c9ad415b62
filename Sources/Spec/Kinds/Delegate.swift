// Where an HTTP rule hands over to another VirtualService (Istio Delegate).
// Teams share one host this way: the root owns the host, each delegate its own paths.

/// Another VirtualService whose rules stand in for this one's.
public struct Delegate: Sendable {
    public var position = Position()
    public var name = ""
    /// Empty means the namespace of the VirtualService that delegates.
    public var namespace = ""
    public init() {}
}
