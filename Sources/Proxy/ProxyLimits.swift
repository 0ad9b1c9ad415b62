// What the data plane puts up with; every number is shown by `isthmus version --limits`.
public import HTTP
public import Net

public struct ProxyLimits: Sendable {
    public var http = HTTPLimits()
    public var http2 = H2Limits()
    /// Of host names that requests name.
    public var names = NameCache.Limits()
    /// Endpoints that calls have brought a cluster, on one loop.
    public var calledEndpointsMax = 1024
    /// Lines about calls that a policy did not let through, a second and loop.
    public var refusalLinesMax = 10
    /// Client connections of the process; more are closed at once. Lowered to what descriptors
    /// allow: each may need one upstream as well.
    public var connectionsMax = 100_000
    /// From the first byte of a TLS connection to the end of its handshake; Istio's 15 s.
    public var handshakeMs: UInt64 = 15_000
    /// Until the first byte on a port that takes TLS and other protocols where the server speaks
    /// first; then it is taken for one of the latter. Envoy's 15 s for listener filters.
    public var detectionMs: UInt64 = 15_000
    /// A connection without a request on it; Istio's (Envoy's) one hour.
    public var clientIdleMs: UInt64 = 3_600_000
    /// From the first byte of a request to the end of its head: the answer to slow-header clients.
    public var requestHeadMs: UInt64 = 30_000
    /// Between two pieces of a request body while the upstream waits for more.
    public var requestBodyIdleMs: UInt64 = 300_000
    /// How long a closing connection is still read, so that the client gets to see the answer.
    public var lingerMs: UInt64 = 2_000
    /// Bytes read and thrown away meanwhile.
    public var lingerBytesMax = 1024 * 1024
    /// Until the next address of a name is dialled beside the one that does not answer (RFC 8305
    /// section 5, Connection Attempt Delay).
    public var attemptDelayMs: UInt64 = 250
    /// A pooled upstream connection without a request.
    public var upstreamIdleMs: UInt64 = 3_600_000
    /// Pooled idle connections an endpoint keeps on one loop.
    public var upstreamIdleConnectionsMax = 1024
    /// A connection of bytes on which nothing moves, where its cluster says nothing; Envoy's.
    public var tunnelIdleMs: UInt64 = 3_600_000
    /// Unsent bytes for one peer above which the other is no longer read...
    public var highWaterBytes = 64 * 1024
    /// ...until they have come down to this.
    public var lowWaterBytes = 16 * 1024
    /// Copies of requests under way on a loop; further ones are not made.
    public var mirrorsMax = 1024
    /// Body bytes that the endpoint of a copy may be behind; the copy ends above.
    public var mirrorBytesMax = 1024 * 1024
    /// The same for all copies of a loop.
    public var mirrorBytesTotalMax = 32 * 1024 * 1024
    /// A copy that has no complete answer by then ends.
    public var mirrorMs: UInt64 = 60_000
    /// Of a request's body, kept for another try (Envoy's buffer limit); beyond it there is none.
    public var replayBytesMax = 1024 * 1024
    /// The same for all requests of a loop together.
    public var replayTotalBytesMax = 32 * 1024 * 1024
    /// Of an answer that is not passed on, read over so that its connection can be used again.
    public var discardedBytesMax = 64 * 1024
    /// How long draining waits for requests under way.
    public var drainMs: UInt64 = 45_000
    /// Exchanges kept for reuse on a loop.
    public var freeExchangesMax = 256
    /// How long accepting pauses when descriptors have run out.
    public var acceptPauseMs: UInt64 = 100

    public init() {}

    /// All limits as rows: name, value, unit, what it is for.
    public var table: [(name: String, value: String, unit: String, purpose: String)] {
        [
            ("head-bytes", "\(http.headBytesMax)", "bytes", "request or response head; 431 above"),
            (
                "request-line-bytes", "\(http.requestLineBytesMax)", "bytes",
                "method, target and version; 414 above"
            ),
            ("fields", "\(http.fieldsMax)", "lines", "header fields of a message; 431 above"),
            ("trailer-bytes", "\(http.trailerBytesMax)", "bytes", "trailer fields of a message"),
            (
                "chunk-extension-bytes", "\(http.chunkExtensionBytesMax)", "bytes",
                "chunk extensions of a message, which are dropped"
            ),
            (
                "h2-streams", "\(http2.concurrentStreamsMax)", "streams",
                "open at once on an HTTP/2 connection"
            ),
            (
                "h2-stream-window", "\(http2.streamWindowBytes)", "bytes",
                "a stream's request body may be ahead of its upstream"
            ),
            (
                "h2-connection-window", "\(http2.connectionWindowBytes)", "bytes",
                "the same for all streams of a connection"
            ),
            (
                "h2-continuations", "\(http2.continuationsMax)", "frames",
                "CONTINUATION behind one HEADERS; the connection ends above"
            ),
            (
                "h2-resets", "\(http2.resetBurst)", "frames",
                "RST_STREAM at once, \(http2.resetsPerSecond) more a second; then ENHANCE_YOUR_CALM"
            ),
            (
                "h2-idle-frames", "\(http2.idleFramesMax)", "frames",
                "that carry nothing, beyond what requests account for and "
                    + "\(http2.idleFramesPerSecond) a second; then ENHANCE_YOUR_CALM"
            ),
            ("connections", "\(connectionsMax)", "connections", "clients of the process"),
            ("tls-handshake", "\(handshakeMs)", "ms", "from accepting to a finished handshake"),
            (
                "detection", "\(detectionMs)", "ms",
                "to the first byte, where TLS and server-first protocols share a port"
            ),
            ("client-idle", "\(clientIdleMs)", "ms", "a client connection without a request"),
            ("request-head", "\(requestHeadMs)", "ms", "from first byte to end of head; 408 after"),
            (
                "request-body-idle", "\(requestBodyIdleMs)", "ms",
                "between two pieces of a request body, but for gRPC over HTTP/2; 408 after"
            ),
            ("linger", "\(lingerMs)", "ms", "reading on after an answer that closes"),
            ("linger-bytes", "\(lingerBytesMax)", "bytes", "thrown away meanwhile"),
            (
                "attempt-delay", "\(attemptDelayMs)", "ms",
                "until another address of the same name is dialled as well"
            ),
            ("upstream-idle", "\(upstreamIdleMs)", "ms", "a pooled upstream connection"),
            (
                "upstream-idle-connections", "\(upstreamIdleConnectionsMax)", "connections",
                "pooled for one endpoint on one loop"
            ),
            ("tunnel-idle", "\(tunnelIdleMs)", "ms", "a TCP connection on which nothing moves"),
            ("high-water", "\(highWaterBytes)", "bytes", "unsent for one peer; then no more read"),
            ("low-water", "\(lowWaterBytes)", "bytes", "unsent for one peer; then read on"),
            (
                "names", "\(names.namesMax)", "names",
                "that requests have named, kept on one loop; the one missed least leaves"
            ),
            ("name-waits", "\(names.waitsMax)", "requests", "on one loop that wait for DNS"),
            ("name-unused", "\(names.unusedMs)", "ms", "until a name that nobody calls leaves"),
            (
                "called-endpoints", "\(calledEndpointsMax)", "endpoints",
                "that calls have brought a cluster, on one loop"
            ),
            (
                "refusal-lines", "\(refusalLinesMax)", "lines",
                "a second and loop, about calls that a policy blocks"
            ),
            ("mirrors", "\(mirrorsMax)", "requests", "copies under way on one loop"),
            (
                "mirror-bytes", "\(mirrorBytesMax)", "bytes",
                "of a body that the endpoint of a copy may be behind; the copy ends above"
            ),
            (
                "mirror-bytes-total", "\(mirrorBytesTotalMax)", "bytes",
                "the same for all copies of one loop"
            ),
            ("mirror", "\(mirrorMs)", "ms", "a copy without a complete answer"),
            (
                "replay", "\(replayBytesMax)", "bytes",
                "of a request's body, kept for another try; beyond it there is none"
            ),
            (
                "replay-total", "\(replayTotalBytesMax)", "bytes",
                "the same for all requests of a worker"
            ),
            (
                "discarded", "\(discardedBytesMax)", "bytes",
                "of an answer that is tried again, read over to keep its connection"
            ),
            ("drain", "\(drainMs)", "ms", "waiting for requests under way when stopping"),
        ]
    }
}
