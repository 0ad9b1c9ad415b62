// Where copies of requests go (Istio HTTPMirrorPolicy).
// `mirror` is the older form for one destination, with its share beside it.

public struct HTTPMirrorPolicy: Sendable {
    public var position = Position()
    public var destination = Destination()
    /// Nil means 100.
    public var percentage: Double?
    public init() {}
}
