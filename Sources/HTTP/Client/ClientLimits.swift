// The limits of the small client.
// A server that misbehaves can cost this much and no more.

public struct ClientLimits: Sendable {
    public var http = HTTPLimits()
    /// Bytes of a response's body; more is an error.
    public var bodyBytesMax = 16 * 1024 * 1024
    /// Connections to one address at a time, idle ones included.
    public var connectionsMax = 128
    /// Idle connections kept to one address.
    public var idleConnectionsMax = 8
    /// Milliseconds an idle connection is kept.
    public var idleMs: UInt64 = 15_000

    public init() {}
}
