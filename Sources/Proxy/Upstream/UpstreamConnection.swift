// The upstream's side of HTTP/1.1: one connection, one exchange at a time, pooled in between.
// It turns the exchange's pieces into bytes and the bytes that come back into a response
// (UpstreamConnection+Response.swift); what to do with failures is the exchange's business.
import HTTP
import Mesh
import Net
import TLS
import Telemetry

final class UpstreamConnection: UpstreamStream {
    enum State: UInt8 {
        case connecting
        /// An exchange is on it.
        case busy
        /// The rest of an answer that nobody wants is read over.
        case discarding
        case idle
        case closed
    }

    /// What the bytes that arrive next are.
    enum Phase: UInt8 { case head, length, chunks, untilClose, done }

    /// Closed until the connection stands.
    var socket = StreamSocket(-1)
    /// nil once it stands.
    private var opening: Opening?
    /// Where it goes; the endpoint may be a name with several addresses.
    private(set) var address: SocketAddress
    /// nil: in the clear.
    let security: UpstreamSecurity?
    /// Seconds since 1970: the peer's certificate ends then.
    private var validUntil = Int64.max
    var state = State.connecting
    var phase = Phase.head
    var parser = H1ResponseParser()
    var decoder = ChunkedDecoder()
    /// Of a response body with a length: bytes still to come.
    var remaining = 0
    /// Carries a long body past this process while it lasts.
    var pipe: Pipe?
    /// What is to be sent once the connection stands.
    private var early = Buffer()
    /// The socket may have something to read.
    var canRead = false
    /// FIN is on its way up the socket: reading goes on until it is met, as no event will follow.
    var peerClosed = false
    /// It ended with an error: a body until close is not complete then.
    private var isBroken = false
    /// Nothing more can be sent; what the peer said before may still be there to read.
    var writeFailed = false
    /// All of the request is written or queued.
    var requestIsComplete = false
    /// Something of the response has arrived.
    var gotBytes = false
    var served = 0
    /// Asked of the system once, and only where a log wants it.
    private var localAddress: SocketAddress?
    private var isAdvancing = false
    var timer = TimerID.none
    private var durationTimer = TimerID.none
    /// It takes no more requests (`maxConnectionDuration`).
    var isExpired = false
    var idleSinceMs: UInt64 = 0

    private init(_ security: UpstreamSecurity?, endpoint: EndpointState) {
        self.security = security
        address = endpoint.address
        super.init(endpoint: endpoint, worker: endpoint.cluster.worker)
    }

    static func open(
        to endpoint: EndpointState, _ security: UpstreamSecurity?, for ends: ClientEnds?
    ) throws(DialFailure) -> UpstreamConnection {
        let connection = UpstreamConnection(security, endpoint: endpoint)
        let opening = try Opening.begin(
            for: connection, to: endpoint, security, inside: .http1, for: ends)
        connection.opening = opening
        connection.address = opening.address
        connection.stats.add(.upstreamCxHTTP1Total)
        connection.durationTimer = endpoint.cluster.lifetime.scheduleEnd(
            of: connection, connection.loop.timers)
        return connection
    }

    override var stands: Bool { state != .connecting }

    // MARK: - The request

    override func begin(_ exchange: Exchange) {
        self.exchange = exchange
        // The idle timer is left as it is: it looks again when it fires, which costs nothing here.
        if state == .idle { state = .busy }
        if state == .connecting {
            exchange.claims.wait(in: endpoint.cluster)
        } else if exchange.claims.isPending {
            exchange.claims.waitEnded()
        }
        phase = .head
        parser = H1ResponseParser()
        gotBytes = false
        requestIsComplete = exchange.requestIsRead
        noteAddresses(exchange)
        loop.outgoing.removeAll()
        exchange.writeUpstreamHead()
        write(loop.outgoing.readable)
        loop.outgoing.removeAll()
    }

    /// Chunks are gathered until `flushBody`.
    override func sendBody(_ bytes: ByteView) {
        if let exchange, exchange.request.wantsUpgrade {
            // Sent on before the endpoint agrees, it would be taken for the next request.
            exchange.keep(bytes)
            return
        }
        guard exchange?.request.framing == .chunked else {
            write(bytes)
            return
        }
        loop.outgoing.appendChunk(bytes)
        if loop.outgoing.count >= Loop.scratchBytes { flushBody() }
    }

    override func flushBody() {
        guard !loop.outgoing.isEmpty else { return }
        write(loop.outgoing.readable)
        loop.outgoing.removeAll()
    }

    override func endBody() {
        if let exchange, exchange.request.framing == .chunked {
            loop.outgoing.append("0\r\n")
            exchange.decoder.appendTrailers(to: &loop.outgoing)
            loop.outgoing.append("\r\n")
            flushBody()
        }
        requestIsComplete = true
    }

    override var canTakeBody: Bool {
        unsentBytes < worker.settings.limits.highWaterBytes
            && exchange?.request.wantsUpgrade != true
    }

    var unsentBytes: Int { early.count + socket.unsentBytes }

    private func write(_ bytes: ByteView) {
        guard state != .closed, bytes.count > 0 else { return }
        stats.add(.upstreamCxTxBytesTotal, UInt64(bytes.count))
        guard state != .connecting else {
            early.append(bytes)
            return
        }
        // A failed write is dealt with from the loop, never inside the exchange's own call: the
        // peer has closed, and what it said before may still be there to read.
        if !socket.write(bytes, loop) {
            failWriting()
        }
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        guard state != .closed else { return }
        if readiness.contains(.error) {
            // An error closes; what was received before it is read first.
            canRead = true
            peerClosed = true
            isBroken = true
        }
        if readiness.contains(.writable), socket.unsentBytes > 0 { flush() }
        if !readiness.isDisjoint(with: [.peerClosed, .hangup]) { peerClosed = true }
        if readiness.contains(.readable) || peerClosed { canRead = true }
        if canRead { advance() }
    }

    override func resumed() {
        advance()
    }

    override func opened(_ opening: Opening, _ readiness: Readiness) {
        self.opening = nil
        socket = opening.takeSocket()
        address = opening.address
        validUntil = opening.validUntil
        state = .busy
        exchange?.claims.waitEnded()
        endpoint.connected()
        if let exchange { noteAddresses(exchange) }
        var waiting = Buffer()
        swap(&waiting, &early)
        var behind = Buffer()
        if socket.tls != nil {
            behind.append(loop.scratch.readable)
            canRead = true
        }
        if !socket.write(waiting.readable, loop) { failWriting() }
        exchange?.upstreamStands()
        if socket.unsentBytes == 0 { exchange?.upstreamTakesMore() }
        if !behind.isEmpty { received(behind.readable) }
        ready(readiness)
    }

    override func openingFailed(_ opening: Opening, _ error: DialFailure) {
        self.opening = nil
        let reason = error.kind == .timeout ? nil : error.reason
        if error.kind != .timeout { stats.add(.upstreamRqPendingFailureEject) }
        fail(error.failure, reason: reason)
        endpoint.failLine(error.failure, reason: reason)
    }

    /// For logs.
    private func noteAddresses(_ exchange: Exchange) {
        if endpoint.rotation != nil { exchange.upstreamAddress = address }
        guard worker.log != nil else { return }
        if localAddress == nil, socket.isOpen {
            localAddress = Socket.localAddress(socket.descriptor)
        }
        exchange.upstreamLocalAddress = localAddress
    }

    /// Whether the certificate this connection was made with is valid still.
    var peerIsValid: Bool { validUntil > Int64(loop.wallNs / 1_000_000_000) }

    private func failWriting() {
        writeFailed = true
        canRead = true
        loop.again(self)
    }

    private func flush() {
        guard socket.flush(loop) else {
            failWriting()
            return
        }
        if unsentBytes <= worker.settings.limits.lowWaterBytes { exchange?.upstreamTakesMore() }
    }

    /// Reads and hands on as much as the client takes.
    override func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while state == .busy || state == .idle || state == .discarding {
            if mayGoOnSplicing() {
                splice()
                return
            }
            guard canRead, exchange?.canSendMore ?? true else { return }
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
                if !more, !peerClosed, !writeFailed { canRead = false }
                received(loop.scratch.readable)
            case .wouldBlock:
                canRead = false
                if writeFailed {
                    ended()
                    return
                }
            case .end:
                ended()
                return
            // RFC 9112 section 9.8: without close_notify a body until close is not complete.
            case .cut, .failed:
                isBroken = true
                ended()
                return
            }
        }
    }

    /// See UpstreamConnection+Splice.swift.
    override var isSplicing: Bool { pipe != nil }

    /// See UpstreamConnection+Pool.swift.
    override func forsake() {
        if !readsOver() { abandon() }
    }

    // MARK: - Ends

    /// The peer has closed, or the connection broke.
    func ended() {
        canRead = false
        guard let exchange else {
            stats.add(.upstreamCxDestroyRemote)
            endpoint.removeIdle(self)
            close()
            return
        }
        stats.add(.upstreamCxDestroyRemote)
        stats.add(.upstreamCxDestroyWithActiveRq)
        switch phase {
        case .untilClose where !writeFailed && !isBroken:
            responseEnded(exchange, leftover: 0)
        case .head where !gotBytes && served > 0:
            self.exchange = nil
            close()
            if !exchange.retryOnFreshConnection() {
                exchange.upstreamFailed(.connectionTermination)
            } else {
                stats.add(.upstreamRqRetry)
            }
        default:
            // Of a server that wants another client certificate one learns only now.
            fail(.connectionTermination, reason: socket.tls?.failureText)
        }
    }

    func protocolError(_ rule: StaticString) {
        stats.add(.upstreamCxProtocolError)
        fail(.upstreamProtocolError, cause: rule)
    }

    func fail(_ failure: Failure, reason: String? = nil, cause: StaticString? = nil) {
        let exchange = exchange
        self.exchange = nil
        close()
        noteFailure(failure)
        exchange?.upstreamFailed(failure, reason: reason, cause: cause)
    }

    /// What comes back on this connection is nobody's.
    override func abandon() {
        guard exchange != nil else { return }
        exchange = nil
        stats.add(.upstreamRqTxReset)
        stats.add(.upstreamCxDestroyLocal)
        close()
    }

    func closeIdle() {
        stats.add(.upstreamCxDestroyLocal)
        socket.sayGoodbye(loop)
        close()
    }

    func close() {
        guard state != .closed else { return }
        state = .closed
        cancelTimers()
        dropPipe()
        opening?.cancel()
        opening = nil
        socket.close(loop)
        endpoint.connectionClosed()
    }

    func cancelTimers() {
        loop.timers.cancel(timer)
        loop.timers.cancel(durationTimer)
    }

    override func timerFired(tag: UInt8) {
        switch tag {
        case ConnectionTimer.duration: expired()
        case ConnectionTimer.discard:
            guard state == .discarding else { return }
            stats.add(.upstreamCxDestroyLocal)
            close()
        default: mayBeIdle()
        }
    }
}
