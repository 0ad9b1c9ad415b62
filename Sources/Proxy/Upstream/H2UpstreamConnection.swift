// An HTTP/2 connection to an endpoint: its socket, its session, and the moment when output is
// written. Each request on it is a stream that an exchange talks to as if it were a connection of
// its own.
import HTTP
import Mesh
import Net
import TLS
import Telemetry

final class H2UpstreamConnection: Dialler {
    let endpoint: EndpointState
    let worker: Worker
    /// nil: in the clear.
    let security: UpstreamSecurity?
    /// Closed until the connection stands.
    private var socket = StreamSocket(-1)
    private var session: UpstreamSession?
    /// nil once it stands.
    private var opening: Opening?
    var isConnecting: Bool { opening != nil }
    /// Requests put on it before it stands.
    private var early: ContiguousArray<H2UpstreamStream> = []
    private(set) var isClosed = false
    /// No new requests: the peer, the configuration or a fault says so. It closes with its last
    /// stream.
    private var isRetired = false
    private var canRead = false
    private var peerClosed = false
    private var isAdvancing = false
    private var isFlushDue = false
    /// Streams that ended well: what tells a stale connection from one that never worked.
    var served = 0
    /// Seconds since 1970: the peer's certificate ends then.
    private var validUntil = Int64.max
    /// Where it goes; the endpoint may be a name with several addresses.
    private(set) var address: SocketAddress
    private(set) var localAddress: SocketAddress?
    /// The stream whose answer is being gathered in the loop's outgoing buffer.
    private var gathering: H2RequestStream?
    private var timer = TimerID.none
    private var durationTimer = TimerID.none
    private var pingTimer = TimerID.none
    /// Streams whose answers nobody wants and that were left to end by themselves.
    private var forgotten: ContiguousArray<H2RequestStream> = []
    private var discardTimer = TimerID.none
    /// Requests put on it so far.
    private var taken = 0
    private var lastMovedMs: UInt64 = 0
    /// What its streams fail with once it is closed.
    private(set) var ending = Failure.connectionTermination
    private(set) var endingReason: String?
    /// Frames gathered for one write.
    private static let writeBytes = 128 * 1024

    private var loop: Loop { worker.loop }
    private var stats: ClusterStats { endpoint.cluster.stats }

    private init(_ security: UpstreamSecurity?, endpoint: EndpointState) {
        self.security = security
        self.endpoint = endpoint
        address = endpoint.address
        worker = endpoint.cluster.worker
        super.init()
        session = UpstreamSession(connection: self)
    }

    /// Starts to connect; requests may be put on it at once.
    static func open(
        to endpoint: EndpointState, _ security: UpstreamSecurity?, for ends: ClientEnds?
    ) throws(DialFailure) -> H2UpstreamConnection {
        let connection = H2UpstreamConnection(security, endpoint: endpoint)
        let opening = try Opening.begin(
            for: connection, to: endpoint, security, inside: .http2, for: ends)
        connection.opening = opening
        connection.address = opening.address
        connection.stats.add(.upstreamCxHTTP2Total)
        connection.durationTimer = endpoint.cluster.lifetime.scheduleEnd(
            of: connection, connection.loop.timers)
        return connection
    }

    // MARK: - Requests

    /// Whether a request for `security` may be put on it now.
    func hasRoom(for security: UpstreamSecurity?) -> Bool {
        guard !isRetired, !isClosed, self.security === security, let session,
            !session.peerIsGoingAway, session.streamsAvailable > 0,
            session.openStreams < endpoint.cluster.lifetime.streams
        else { return false }
        return validUntil > Int64(loop.wallNs / 1_000_000_000)
    }

    /// Nothing is under way and it may be given up.
    var isIdle: Bool { !isRetired && !isConnecting && session?.openStreams == 0 }

    /// `stream` waits until the connection stands.
    func waits(_ stream: H2UpstreamStream) { early.append(stream) }

    /// One stream has ended: another may begin, here or at another worker's connection.
    func streamEnded() {
        guard !isClosed, endpoint.cluster.limits != nil else { return }
        if endpoint.yieldsConnection { retire() }
        endpoint.cluster.capacityFreed()
    }

    /// The rest of an answer that nobody wants has a while to come, as over HTTP/1.1: a stream that
    /// never ends would keep its place on the connection for ever.
    func forget(_ stream: H2RequestStream) {
        guard !isClosed else { return }
        forgotten.append(stream)
        guard forgotten.count == 1 else { return }
        discardTimer = loop.timers.schedule(
            afterMs: worker.settings.limits.lingerMs, target: self, tag: ConnectionTimer.discard)
    }

    /// Those that have ended meanwhile know it.
    private func cancelForgotten() {
        var streams: ContiguousArray<H2RequestStream> = []
        swap(&streams, &forgotten)
        for stream in streams { stream.cancel() }
    }

    /// How many more requests the peer takes on this connection now.
    var streamsAvailable: Int { session?.streamsAvailable ?? 0 }

    /// Whether the peer takes WebSocket on a stream (RFC 8441 section 3).
    var takesExtendedConnect: Bool { session?.peerTakesExtendedConnect ?? false }

    /// Opens a stream with the head that `exchange` writes; nil where the session refuses.
    func open(_ stream: H2UpstreamStream, for exchange: Exchange) -> H2RequestStream? {
        guard !isClosed, let session else { return nil }
        taken += 1
        if endpoint.cluster.lifetime.isSpent(taken) {
            stats.add(.upstreamCxMaxRequests)
            isRetired = true
        }
        return exchange.submitHead(on: session, isSecure: security != nil) { [self] id in
            H2RequestStream(id: id, session: session, connection: self, upstream: stream)
        }
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        guard !isClosed else { return }
        if readiness.contains(.writable), socket.unsentBytes > 0 {
            guard socket.flush(loop) else {
                lost(.connectionTermination)
                return
            }
            lastMovedMs = loop.nowMs
            flushSoon()
        }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup, .error]) {
            // An error closes; what was received before it is read first.
            if !readiness.isDisjoint(with: [.peerClosed, .hangup, .error]) { peerClosed = true }
            canRead = true
            advance()
        }
    }

    override func resumed() {
        advance()
    }

    override func opened(_ opening: Opening, _ readiness: Readiness) {
        self.opening = nil
        socket = opening.takeSocket()
        address = opening.address
        validUntil = opening.validUntil
        if worker.log != nil { localAddress = Socket.localAddress(socket.descriptor) }
        var waiting: ContiguousArray<H2UpstreamStream> = []
        swap(&waiting, &early)
        for stream in waiting { stream.connectionStands() }
        endpoint.connected()
        lastMovedMs = loop.nowMs
        scheduleIdle(afterMs: endpoint.cluster.lifetime.idleMs)
        schedulePing()
        flushSoon()
        if socket.tls != nil {
            canRead = true
            let frames = loop.takeScratch()
            received(frames.readable)
            loop.giveScratch(frames)
        }
        ready(readiness)
    }

    override func openingFailed(_ opening: Opening, _ error: DialFailure) {
        self.opening = nil
        let reason = error.kind == .timeout ? nil : error.reason
        if error.kind != .timeout {
            stats.add(.upstreamRqPendingFailureEject, UInt64(session?.openStreams ?? 0))
        }
        lost(error.failure, reason: reason)
        endpoint.failLine(error.failure, reason: reason)
    }

    private func scheduleIdle(afterMs delayMs: UInt64) {
        guard delayMs > 0 else { return }
        timer = loop.timers.schedule(afterMs: delayMs, target: self, tag: ConnectionTimer.idle)
    }

    /// A little later each time, by Envoy's 15 % at most, so that connections made together do not
    /// all ask together.
    private func schedulePing() {
        guard let pings = endpoint.cluster.lifetime.pings else { return }
        let jitterMs = worker.random.below(UInt32(UInt64(pings.intervalMs) * 15 / 100) + 1)
        pingTimer = loop.timers.schedule(
            afterMs: UInt64(pings.intervalMs) + UInt64(jitterMs), target: self,
            tag: ConnectionTimer.ping)
    }

    private func ping() {
        guard let session, let pings = endpoint.cluster.lifetime.pings else { return }
        session.ping()
        pingTimer = loop.timers.schedule(
            afterMs: UInt64(pings.timeoutMs), target: self, tag: ConnectionTimer.pong)
    }

    /// The peer is there.
    fileprivate func pingAnswered() {
        loop.timers.cancel(pingTimer)
        schedulePing()
    }

    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while !isClosed, canRead {
            // A peer that takes no frames gets none of its own read: answers to them would pile up.
            guard socket.unsentBytes < worker.settings.limits.highWaterBytes else { return }
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            var count = 0
            let reading = socket.read(loop, counting: &count)
            readBytes += count
            stats.add(.upstreamCxRxBytesTotal, UInt64(count))
            switch reading {
            case .bytes(let more):
                if !more, !peerClosed { canRead = false }
                // Frames of several streams: what one of them brings about may read elsewhere.
                let frames = loop.takeScratch()
                received(frames.readable)
                loop.giveScratch(frames)
            case .wouldBlock: canRead = false
            case .end, .cut, .failed:
                lost(.connectionTermination, reason: socket.tls?.failureText)
                return
            }
        }
    }

    private func received(_ bytes: ByteView) {
        guard bytes.count > 0, let session else { return }
        lastMovedMs = loop.nowMs
        if !session.receive(bytes) {
            // The GOAWAY that says so goes out first; see `roundEnded`.
            isRetired = true
            canRead = false
        }
        gather(for: nil)
        if let security { security.keep(socket.tls?.takeSession()) }
        flushSoon()
    }

    /// An answer's head and the body behind it leave in one write where they came in one read; the
    /// buffer they are gathered in holds one answer at a time.
    func gather(for stream: H2RequestStream?) {
        guard gathering !== stream else { return }
        let before = gathering
        gathering = stream
        before?.flush()
    }

    /// The answer ends, and flushes itself.
    func gathered(_ stream: H2RequestStream) {
        if gathering === stream { gathering = nil } else { gather(for: nil) }
    }

    /// Frames leave at the end of the round: what several streams have to send goes in one write.
    func flushSoon() {
        guard !isFlushDue, !isClosed else { return }
        isFlushDue = true
        loop.atEndOfThisRound(self)
    }

    override func roundEnded() {
        isFlushDue = false
        guard !isClosed, !isConnecting, let session else { return }
        while socket.unsentBytes < worker.settings.limits.highWaterBytes {
            loop.frames.removeAll()
            session.takeOutput(into: &loop.frames, limit: Self.writeBytes)
            guard !loop.frames.isEmpty else { break }
            stats.add(.upstreamCxTxBytesTotal, UInt64(loop.frames.count))
            lastMovedMs = loop.nowMs
            guard socket.write(loop.frames.readable, loop) else {
                // What the peer said before may still be there to read.
                canRead = true
                peerClosed = true
                break
            }
        }
        loop.frames.removeAll()
        if !session.isAlive, socket.unsentBytes == 0 {
            // It ends with streams on it only where the peer broke the protocol.
            if session.openStreams > 0 { stats.add(.upstreamCxProtocolError) }
            lost(session.openStreams > 0 ? .upstreamProtocolError : ending)
        } else if session.openStreams == 0, isRetired || session.peerIsGoingAway,
            socket.unsentBytes == 0
        {
            end()
        } else if canRead {
            advance()
        }
    }

    // MARK: - Ends

    /// No new requests come here; those under way finish. Never closes within the caller's call,
    /// which may come out of the session itself.
    func retire() {
        isRetired = true
        flushSoon()
    }

    /// The connection is gone: every stream on it fails.
    private func lost(_ failure: Failure, reason: String? = nil) {
        guard !isClosed else { return }
        ending = failure
        endingReason = reason
        stats.add(.upstreamCxDestroyRemote)
        if let session, session.openStreams > 0 { stats.add(.upstreamCxDestroyWithActiveRq) }
        close()
    }

    private func end() {
        stats.add(.upstreamCxDestroyLocal)
        socket.sayGoodbye(loop)
        close()
    }

    private func close() {
        guard !isClosed else { return }
        isClosed = true
        for timer in [timer, durationTimer, pingTimer, discardTimer] { loop.timers.cancel(timer) }
        forgotten.removeAll()
        opening?.cancel()
        opening = nil
        socket.close(loop)
        endpoint.forget(self)
        endpoint.connectionClosed()
        let session = session
        self.session = nil
        early.removeAll()
        session?.connectionLost()
    }

    override func timerFired(tag: UInt8) {
        guard !isClosed else { return }
        switch tag {
        case ConnectionTimer.duration:
            endpoint.cluster.protectionStats().add(.cxMaxDurationReached)
            retire()
        case ConnectionTimer.ping: ping()
        case ConnectionTimer.discard: cancelForgotten()
        case ConnectionTimer.pong:
            endpoint.cluster.protectionStats().add(.http2KeepaliveTimeout)
            lost(.connectionTermination, reason: "keepalive timeout")
        default: mayBeIdle()
        }
    }

    private func mayBeIdle() {
        let limit = endpoint.cluster.lifetime.idleMs
        guard limit > 0 else { return }
        let idle = loop.nowMs &- lastMovedMs
        if idle >= limit, session?.openStreams == 0 {
            stats.add(.upstreamCxIdleTimeout)
            session?.terminate(code: 0)
            retire()
            return
        }
        scheduleIdle(afterMs: idle >= limit ? limit : limit - idle)
    }
}

/// Tells its connection when there is output.
private final class UpstreamSession: H2Session {
    private unowned let connection: H2UpstreamConnection
    private let loop: Loop

    init(connection: H2UpstreamConnection) {
        self.connection = connection
        loop = connection.worker.loop
        super.init(role: .client, limits: connection.worker.settings.limits.http2)
    }

    override func wantsFlush() {
        connection.flushSoon()
    }

    override func pingAnswered() {
        connection.pingAnswered()
    }

    override var nowMs: UInt64 { loop.nowMs }
}
