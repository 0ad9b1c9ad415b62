// An answer that the proxy gives by itself (Istio HTTPDirectResponse).
// The body is kept as bytes, whether it was written as text or as base64.

public struct HTTPDirectResponse: Sendable {
    public var position = Position()
    public var status: UInt16 = 0
    /// Nil where no body is given.
    public var body: [UInt8]?
    public init() {}
}
