// One field line of a head: where its name and value lie in the head's bytes.
// Offsets instead of strings: a head of twenty fields costs no allocation.

/// Offsets count from the start of the head.
@frozen
public struct HeaderField: Sendable {
    public var nameStart: UInt32
    public var nameLength: UInt16
    public var id: HeaderID
    /// Left out when the head is passed on: hop-by-hop, or replaced by the proxy.
    public var isDropped: Bool
    public var valueStart: UInt32
    public var valueLength: UInt32
    /// Behind the CRLF: where the next line starts.
    public var lineEnd: UInt32
}
