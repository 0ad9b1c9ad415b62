// The service that traffic is sent to (Istio Destination).
// The host stays as written: what a short name means depends on the namespace of the object it is
// in.

/// A service, and optionally one of its subsets and ports.
public struct Destination: Sendable {
    public var position = Position()
    /// As written; a name without a dot is short for one in the namespace of the referring object.
    public var host = ""
    /// Empty when there is none.
    public var subset = ""
    public var port: UInt16?
    public init() {}
}
