// What the certificate service puts up with from whom it does not know yet, and from whom it does.
// Each of these ends something, and each end is counted.
public import HTTP

public struct ServiceLimits: Sendable {
    /// Bytes of one call's message: a request for an RSA key of 4096 bits takes 2 KiB.
    public var messageBytesMax = 64 * 1024
    /// Bytes of all calls that have begun and are not answered; more are refused.
    public var heldBytesMax = 32 * 1024 * 1024
    /// Connections at a time; more are closed as they come.
    public var connectionsMax = 1024
    /// Milliseconds for a TLS handshake.
    public var handshakeMs: UInt64 = 10_000
    /// Milliseconds from the first byte of a call to the last byte of its answer.
    public var requestMs: UInt64 = 15_000
    /// Milliseconds without a call, for whoever has proved nothing on the connection.
    public var strangerIdleMs: UInt64 = 15_000
    /// The same for workloads that have.
    public var idleMs: UInt64 = 300_000
    /// Milliseconds after which a connection takes no new calls.
    public var ageMs: UInt64 = 1_800_000
    /// Calls answered together: what one pair of the ledger's commits pays for.
    public var batchMax = 256
    /// Streams at a time on a connection, and floods.
    public var http2 = H2Limits()

    public init() {
        http2.fieldBlockBytesMax = 16 * 1024
        http2.streamWindowBytes = 64 * 1024
    }
}
