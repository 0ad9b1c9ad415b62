// The upstream's side of HTTP/1.1: one connection, one exchange at a time, pooled in between.
// It turns the exchange's pieces into bytes and the bytes that come back into a response; what to
// do with failures is the exchange's business.
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

    var socket: StreamSocket
    /// Where it goes; the endpoint may be a name with several addresses.
    let address: SocketAddress
    /// nil: in the clear.
    let security: UpstreamSecurity?
    /// Seconds since 1970: the peer's certificate ends then.
    private var validUntil = Int64.max
    var state: State
    var phase = Phase.head
    private var parser = H1ResponseParser()
    private var decoder = ChunkedDecoder()
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
    private var inputEnded = false
    /// It ended with an error: a body until close is not complete then.
    private var isBroken = false
    /// Nothing more can be sent; what the peer said before may still be there to read.
    var writeFailed = false
    /// All of the request is written or queued.
    var requestIsComplete = false
    /// Something of the response has arrived.
    private var gotBytes = false
    var served = 0
    /// Asked of the system once, and only where a log wants it.
    private var localAddress: SocketAddress?
    private var isAdvancing = false
    var timer = TimerID.none
    private var durationTimer = TimerID.none
    /// It takes no more requests (`maxConnectionDuration`).
    var isExpired = false
    var idleSinceMs: UInt64 = 0

    private init(
        _ socket: consuming StreamSocket, to address: SocketAddress, security: UpstreamSecurity?,
        endpoint: EndpointState, worker: Worker
    ) {
        self.address = address
        state = socket.stage == .standing ? .busy : .connecting
        self.socket = socket
        self.security = security
        super.init(endpoint: endpoint, worker: worker)
    }

    static func open(
        to endpoint: EndpointState, _ security: UpstreamSecurity?, for ends: ClientEnds?,
        worker: Worker
    ) throws(DialFailure) -> UpstreamConnection {
        let cluster = endpoint.cluster
        let connection: UpstreamConnection
        let address = endpoint.addressToDial()
        do throws(DialFailure) {
            let tls = try security?.stream(for: .http1, wallNs: worker.loop.wallNs)
            connection = UpstreamConnection(
                try StreamSocket.dial(endpoint, at: address, tls, for: ends), to: address,
                security: security,
                endpoint: endpoint, worker: worker)
        } catch {
            throw endpoint.failed(error, at: address)
        }
        do throws(NetError) {
            try worker.loop.add(connection, descriptor: connection.socket.descriptor, for: .stream)
        } catch {
            connection.socket.close(worker.loop)
            throw .connect(error.reason)
        }
        cluster.stats.add(.upstreamCxHTTP1Total)
        endpoint.connectionOpened()
        if connection.state == .connecting {
            connection.timer = worker.loop.timers.schedule(
                afterMs: UInt64(cluster.cluster.connectTimeoutMs), target: connection,
                tag: ConnectionTimer.connect)
        }
        let durationMs = cluster.lifetime.durationMs
        if durationMs > 0 {
            connection.durationTimer = worker.loop.timers.schedule(
                afterMs: durationMs, target: connection, tag: ConnectionTimer.duration)
        }
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
        if endpoint.cluster.rotation != nil { exchange.upstreamAddress = address }
        if worker.log != nil {
            if localAddress == nil, state != .connecting {
                localAddress = Socket.localAddress(socket.descriptor)
            }
            exchange.upstreamLocalAddress = localAddress
        }
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
        if state == .connecting {
            rise(readiness)
            if state != .busy { return }
        }
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

    private func rise(_ readiness: Readiness) {
        var count = 0
        do throws(DialFailure) {
            let stands = try socket.rise(readiness, loop, counting: &count)
            stats.add(.upstreamCxRxBytesTotal, UInt64(count))
            if !stands { return }
        } catch {
            stats.add(.upstreamRqPendingFailureEject)
            let reason = endpoint.failed(error, at: address).reason
            fail(.remoteConnectionFailure, reason: reason)
            endpoint.failLine(.remoteConnectionFailure, reason: reason)
            return
        }
        loop.timers.cancel(timer)
        state = .busy
        exchange?.claims.waitEnded()
        endpoint.connected()
        if worker.log != nil {
            localAddress = Socket.localAddress(socket.descriptor)
            exchange?.upstreamLocalAddress = localAddress
        }
        var waiting = Buffer()
        swap(&waiting, &early)
        var behind = Buffer()
        if let tls = socket.tls { secured(tls, &behind) }
        if !socket.write(waiting.readable, loop) { failWriting() }
        exchange?.upstreamStands()
        if socket.unsentBytes == 0 { exchange?.upstreamTakesMore() }
        if !behind.isEmpty { received(behind.readable) }
    }

    /// The handshake is done. `behind` takes what was read past it.
    private func secured(_ tls: TLSStream, _ behind: inout Buffer) {
        stats.add(.sslHandshake)
        if tls.isResumed { stats.add(.sslSessionReused) }
        if security?.tls.trust != .nobody { validUntil = tls.peerNotAfter ?? .max }
        security?.keep(tls.takeSession())
        behind.append(loop.scratch.readable)
        canRead = true
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
            case .end, .cut:
                ended()
                return
            case .failed:
                isBroken = true
                ended()
                return
            }
        }
    }

    // MARK: - The response

    private func received(_ bytes: ByteView) {
        guard let exchange else {
            if state == .discarding {
                discard(bytes)
                return
            }
            // Bytes nobody asked for: the connection is out of step.
            stats.add(.upstreamCxProtocolError)
            endpoint.removeIdle(self)
            close()
            return
        }
        gotBytes = true
        var offset = 0
        if phase == .head, !receivedHead(bytes, exchange, &offset) { return }
        if self.exchange === exchange {
            receivedBody(bytes.suffix(from: offset), exchange)
        } else if state == .discarding {
            discard(bytes.suffix(from: offset))
        }
    }

    /// True when a final head is there and the body's bytes start at `offset`.
    private func receivedHead(
        _ bytes: ByteView, _ exchange: Exchange, _ offset: inout Int
    ) -> Bool {
        let head = exchange.response
        let limits = worker.settings.limits.http
        while true {
            let rest = bytes.suffix(from: offset)
            let before = head.bytes.count
            let outcome: H1ResponseParser.Outcome
            if before > 0 {
                head.bytes.append(rest)
                outcome = parser.feed(head.bytes.readable, into: head, limits: limits)
            } else {
                outcome = parser.feed(rest, into: head, limits: limits)
            }
            switch outcome {
            case .needMore:
                if before == 0 { head.bytes.append(rest) }
                return false
            case .failed(let error):
                // Its fields may point into bytes that were never taken over.
                head.reset()
                protocolError(error.rule)
                return false
            case .complete(let length):
                let method = exchange.request.method
                let broken =
                    before > 0
                    ? head.conclude(method: method) : head.adopt(rest, method: method)
                if let broken {
                    protocolError(broken.rule)
                    return false
                }
                offset += length - before
                parser = H1ResponseParser()
                if head.status == 101 || head.status >= 200 { noteAnswer(exchange) }
                if head.status == 101 {
                    switchProtocols(exchange, rest: bytes.suffix(from: offset))
                    return false
                }
                guard head.status < 200 else {
                    finalHead(exchange)
                    return true
                }
                exchange.informational()
                if offset == bytes.count { return false }
            }
        }
    }

    private func finalHead(_ exchange: Exchange) {
        switch exchange.response.framing {
        case .none: phase = .done
        case .length(let length):
            phase = .length
            remaining = length
        case .chunked:
            phase = .chunks
            decoder.reset()
        case .untilClose: phase = .untilClose
        }
        exchange.responseArrived()
    }

    private func receivedBody(_ bytes: ByteView, _ exchange: Exchange) {
        switch phase {
        case .head: break
        case .done:
            responseEnded(exchange, leftover: bytes.count)
        case .length:
            let count = min(bytes.count, remaining)
            remaining -= count
            exchange.responseBody(bytes.prefix(count))
            if remaining == 0 {
                responseEnded(exchange, leftover: bytes.count - count)
            } else {
                exchange.flushResponse()
            }
        case .untilClose:
            exchange.responseBody(bytes)
            exchange.flushResponse()
        case .chunks:
            receivedChunks(bytes, exchange)
        }
    }

    private func receivedChunks(_ bytes: ByteView, _ exchange: Exchange) {
        var offset = 0
        while true {
            switch decoder.next(bytes, offset: &offset, limits: worker.settings.limits.http) {
            case .data(let start, let count):
                exchange.responseBody(bytes.slice(start, count))
                guard self.exchange === exchange else { return }
            case .needMore:
                exchange.flushResponse()
                return
            case .end:
                responseEnded(exchange, leftover: bytes.count - offset)
                return
            case .failed(let error):
                protocolError(error.rule)
                return
            }
        }
    }

    // MARK: - Long bodies; see UpstreamConnection+Splice.swift

    override var isSplicing: Bool { pipe != nil }

    func isLongBody(_ bytesMin: Int) -> Bool {
        phase == .length && remaining >= bytesMin && socket.tls == nil
    }

    var bodyIsRead: Bool { remaining == 0 }

    func fill(_ pipe: Pipe) -> IOResult {
        let result = pipe.fill(from: socket.descriptor, limit: min(remaining, Pipe.capacity))
        if case .bytes(let count) = result {
            remaining -= count
            stats.add(.upstreamCxRxBytesTotal, UInt64(count))
        }
        return result
    }

    func bodyEnded(_ exchange: Exchange) {
        responseEnded(exchange, leftover: 0)
    }

    /// Must be the last thing done with what was read: the client may start its next request.
    private func responseEnded(_ exchange: Exchange, leftover: Int) {
        guard self.exchange === exchange else { return }
        phase = .done
        served += 1
        if let security { security.keep(socket.tls?.takeSession()) }
        let isReusable = exchange.response.allowsReuse
        self.exchange = nil
        exchange.upstream = nil
        goBack(isReusable: isReusable, leftover: leftover)
        exchange.responseEnded(decoder)
    }

    /// See UpstreamConnection+Pool.swift.
    override func forsake() {
        if !readsOver() { abandon() }
    }

    private func switchProtocols(_ exchange: Exchange, rest: ByteView) {
        guard exchange.request.wantsUpgrade, exchange.response.wantsUpgrade else {
            protocolError("unexpected_switching_protocols")
            return
        }
        if exchange.request.isHTTP2 {
            let wanted = WebSocketKey.accept(for: exchange.webSocketKey.readable)
            let said = exchange.response.value(named: ByteView("sec-websocket-accept"))
            guard said?.equals(wanted) == true else {
                protocolError("websocket_accept")
                return
            }
            exchange.response.drop(named: ByteView("sec-websocket-accept"))
        }
        self.exchange = nil
        exchange.leaveUpstreamForTunnel()
        exchange.responseArrived()
        exchange.flushResponse()
        state = .closed
        loop.timers.cancel(timer)
        loop.timers.cancel(durationTimer)
        loop.remove(descriptor: socket.descriptor)
        var handed = StreamSocket(-1)
        swap(&handed, &socket)
        exchange.becomeTunnel(
            upstream: SocketEnd(handed, worker: worker, isDownstream: false), endpoint: endpoint,
            early: rest)
    }

    // MARK: - Ends

    /// The peer has closed, or the connection broke.
    func ended() {
        inputEnded = true
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

    private func protocolError(_ rule: StaticString) {
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
        loop.timers.cancel(timer)
        loop.timers.cancel(durationTimer)
        dropPipe()
        socket.close(loop)
        endpoint.connectionClosed()
    }

    override func timerFired(tag: UInt8) {
        switch tag {
        case ConnectionTimer.connect: connectTimedOut()
        case ConnectionTimer.duration: expired()
        case ConnectionTimer.discard:
            guard state == .discarding else { return }
            stats.add(.upstreamCxDestroyLocal)
            close()
        default: mayBeIdle()
        }
    }
}
