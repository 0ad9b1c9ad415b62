// The limits of the small server.
// The admin port must stay small whatever is done to it: every wait and size ends.

public struct ServerLimits: Sendable {
    public var http = HTTPLimits()
    /// Bytes of a request's body; more is answered 413.
    public var bodyBytesMax = 1024 * 1024
    /// Connections at a time; more are answered 503 and closed.
    public var connectionsMax = 1024
    /// Milliseconds a connection may stay open without a request.
    public var idleMs: UInt64 = 60_000
    /// Milliseconds from the first byte of a request to its last.
    public var requestMs: UInt64 = 15_000
    /// Milliseconds a client may take no byte of a response.
    public var stallMs: UInt64 = 30_000
    /// Milliseconds to wait for the client's end after ours, so that it gets to read the response.
    public var lingerMs: UInt64 = 1_000

    public init() {}
}
