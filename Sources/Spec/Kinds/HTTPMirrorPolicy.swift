// Where copies of requests go (Istio HTTPMirrorPolicy).
// Decoded and checked, not acted on yet.

public struct HTTPMirrorPolicy: Sendable {
    public var position = Position()
    public var destination = Destination()
    /// Nil means 100.
    public var percentage: Double?
    public init() {}
}
