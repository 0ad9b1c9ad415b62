// The client's side of HTTP/1.1: one connection, one request at a time, pipelined ones waiting.
// It turns bytes into requests for an Exchange and the exchange's answers into bytes; routing and
// upstreams are none of its business.
import HTTP
import Net
import TLS
import Telemetry

/// Between requests it holds no exchange and no buffer: an idle connection costs this object, a
/// timer entry and its place in the loop's table.
final class ClientConnection: ClientStream, PeerHolder {
    /// What the bytes that arrive next are.
    enum Phase: UInt8 {
        /// The start or the rest of a head.
        case head
        case body
        /// The request is read; the answer is on its way. Bytes wait in the socket.
        case answering
        /// The answer is sent and the connection closes: bytes are read and thrown away.
        case lingering
        case closed
    }

    private var socket: StreamSocket
    var phase = Phase.head
    /// The socket may have something to read.
    var canRead = false
    /// FIN is on its way up the socket: reading goes on until it is met, as no event will follow.
    private var peerClosed = false
    /// The client has sent FIN and all before it is read.
    var inputEnded = false
    /// Close once the present answer is sent.
    var closesAfterAnswer = false
    /// The client is gone, as a write has found out.
    private var writeFailed = false
    private var isAdvancing = false
    private var timerIsSet = false
    private var timer = TimerID.none
    /// Loop milliseconds; the timer may fire before it and is set anew then.
    private var deadlineMs: UInt64 = 0
    /// Of the client's identity, where it has one.
    private var seat: PeerSeat?
    /// Bytes read but not used yet: pipelined requests.
    private var input = Buffer()
    var lingeredBytes = 0
    /// A request was read on this connection: it speaks HTTP/1.1 for good.
    var hasServed = false
    /// The answer's body is sent in chunks.
    var sendsChunked = false

    private var loop: Loop { listener.worker.loop }

    /// The address the client connected to; asked of the system, as only logs want to know.
    override var localAddress: SocketAddress? {
        socket.isOpen ? listener.calledAddress(of: socket.descriptor) : nil
    }

    override var arrivalAddress: SocketAddress? {
        socket.isOpen ? Socket.localAddress(socket.descriptor) : nil
    }

    override var originalDestination: SocketAddress? {
        socket.isOpen ? Socket.originalDestination(socket.descriptor) : nil
    }

    override var isSecure: Bool { socket.tls != nil }
    override var tls: TLSStream? { socket.tls }

    private let binding: ChainBinding?
    override var chain: ChainBinding? { binding }

    init(
        _ socket: consuming StreamSocket, peer: SocketAddress, listener: Listener,
        chain: ChainBinding? = nil
    ) {
        let identity = socket.identity
        self.socket = socket
        binding = chain
        super.init(peer: peer, listener: listener, identity: identity)
    }

    /// `early`: plain bytes that came with the end of a TLS handshake.
    func start(early: ByteView = .empty) {
        listener.httpStats.add(.downstreamCxTotal)
        listener.httpStats.add(.downstreamCxHTTP1Total)
        listener.httpStats.add(.downstreamCxActive)
        do throws(NetError) {
            try loop.add(self, descriptor: socket.descriptor, for: .stream)
        } catch {
            close()
            return
        }
        setDeadline(afterMs: worker.settings.limits.clientIdleMs)
        seat = identity?.seat(self)
        guard early.count > 0, phase != .closed else { return }
        keep(early)
        advance()
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            peerGone()
            return
        }
        if readiness.contains(.writable) {
            if socket.unsentBytes > 0 {
                flush()
                if phase == .closed { return }
            } else if let exchange, exchange.isSplicing {
                exchange.clientTakesMore()
            }
        }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) {
            if !readiness.isDisjoint(with: [.peerClosed, .hangup]) { peerClosed = true }
            canRead = true
            advance()
        }
    }

    override func resumed() {
        if writeFailed { peerGone() } else { advance() }
    }

    /// Reads and works off as much as the state allows.
    override func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while phase != .closed {
            if phase == .head, !input.isEmpty, exchange == nil, !hasUnsentAboveHighWater {
                var waiting = Buffer()
                swap(&waiting, &input)
                received(waiting.readable)
                loop.buffers.give(waiting)
                continue
            }
            guard canRead, wantsInput else { return }
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            var count = 0
            let reading = socket.read(loop, counting: &count)
            readBytes += count
            listener.httpStats.add(.downstreamCxRxBytesTotal, UInt64(count))
            switch reading {
            case .bytes(let more):
                // A short read has emptied the socket; the next edge will tell.
                if !more, !peerClosed { canRead = false }
                received(loop.scratch.readable)
            case .wouldBlock:
                canRead = false
            case .end, .cut:
                inputEnded = true
                canRead = false
                inputHasEnded()
                return
            case .failed:
                peerGone()
                return
            }
        }
    }

    private var wantsInput: Bool {
        switch phase {
        // A client that sends requests and reads no answers waits until it does.
        case .head: !hasUnsentAboveHighWater
        case .body: exchange?.canTakeBody ?? false
        case .answering, .closed: false
        case .lingering: true
        }
    }

    private func received(_ bytes: ByteView) {
        switch phase {
        case .head: receivedHead(bytes)
        case .body: receivedBody(bytes)
        case .answering: keep(bytes)
        case .lingering: discard(bytes)
        case .closed: break
        }
    }

    /// Puts bytes aside until the present exchange is over.
    func keep(_ bytes: ByteView) {
        guard bytes.count > 0 else { return }
        if input.allocatedBytes == 0 { input = loop.buffers.take() }
        input.append(bytes)
    }

    private func inputHasEnded() {
        switch phase {
        case .head:
            // Between requests this is how connections end; inside a head nobody waits for an
            // answer to half a request. An earlier answer may still be on its way out.
            if exchange == nil, socket.unsentBytes > 0 {
                closesAfterAnswer = true
                phase = .answering
            } else {
                peerGone()
            }
        case .body:
            exchange?.requestCutShort()
        case .answering:
            // RFC 9112 section 9.6: a client may finish sending and still wait for the answer.
            closesAfterAnswer = true
        case .lingering, .closed:
            close()
        }
    }

    // MARK: - Writing

    override var unsentBytes: Int { socket.unsentBytes }
    override var hasUnsentAboveHighWater: Bool {
        socket.unsentBytes >= worker.settings.limits.highWaterBytes
    }

    /// Sends, or keeps what the socket does not take now.
    func write(_ bytes: ByteView) {
        guard phase != .closed, !writeFailed, bytes.count > 0 else { return }
        listener.httpStats.add(.downstreamCxTxBytesTotal, UInt64(bytes.count))
        if !socket.write(bytes, loop) {
            // Dealt with from the loop, never inside the exchange's own call: the exchange would
            // end, and serve another client, while its caller still works on it.
            writeFailed = true
            loop.again(self)
        }
    }

    override var spliceTarget: Int32 {
        phase == .closed || writeFailed || sendsChunked || socket.tls != nil
            || socket.unsentBytes > 0 || !loop.outgoing.isEmpty ? -1 : socket.descriptor
    }

    override func spliced(_ count: Int) {
        listener.httpStats.add(.downstreamCxTxBytesTotal, UInt64(count))
    }

    override func spliceFailed() {
        writeFailed = true
        loop.again(self)
    }

    private func flush() {
        guard socket.flush(loop) else {
            peerGone()
            return
        }
        if socket.unsentBytes > worker.settings.limits.lowWaterBytes { return }
        if socket.unsentBytes == 0, exchange == nil, closesAfterAnswer {
            finishClosing()
        } else {
            hasRoom()
        }
    }

    private func hasRoom() {
        if let exchange { exchange.clientTakesMore() } else { advance() }
    }

    // MARK: - Answering; the words are in ClientConnection+Answer.swift

    override func beginInformational(status: UInt16, reason: ByteView) {
        writeStatusLine(status, reason)
    }

    override func endInformational() {
        loop.outgoing.append("\r\n")
        flushGathered()
    }

    override func beginHead(status: UInt16, reason: ByteView) {
        writeStatusLine(status, reason)
    }

    override func endHead(
        status: UInt16, framing: BodyFraming, closes: Bool, upgrade: ByteView?
    ) {
        writeHeadEnd(framing: framing, closes: closes, upgrade: upgrade)
    }

    override func sendBody(_ bytes: ByteView) { writeBody(bytes) }
    override func flushAnswer() { flushGathered() }
    override func endBody(_ decoder: borrowing ChunkedDecoder) { writeBodyEnd(decoder) }

    // MARK: - The end of an exchange

    /// The answer is handed over in full. `mustClose`: the connection cannot carry another request.
    override func answered(mustClose: Bool) {
        exchange = nil
        if mustClose || inputEnded { closesAfterAnswer = true }
        if closesAfterAnswer || listener.isEnding {
            closesAfterAnswer = true
            phase = .answering
            if socket.unsentBytes == 0 { finishClosing() }
            return
        }
        phase = .head
        deadlineMs = loop.nowMs + worker.settings.limits.clientIdleMs
        advance()
    }

    /// Everything is sent. Closing at once while the client still sends would make the kernel
    /// answer with RST, which can destroy the answer on its way (RFC 9112 section 9.6): stop
    /// sending, read on for a while, then close.
    private func finishClosing() {
        if inputEnded {
            close()
            return
        }
        phase = .lingering
        socket.sayGoodbye(loop)
        Socket.shutdownSending(socket.descriptor)
        setDeadline(afterMs: worker.settings.limits.lingerMs)
        canRead = true
        advance()
    }

    private func discard(_ bytes: ByteView) {
        lingeredBytes += bytes.count
        if lingeredBytes > worker.settings.limits.lingerBytesMax { close() }
    }

    /// Without a request on it the connection ends now, or once its last answer is out.
    func closeIfIdle() {
        guard exchange == nil, phase == .head else { return }
        if socket.unsentBytes == 0 {
            close()
        } else {
            closesAfterAnswer = true
            phase = .answering
        }
    }

    /// The present request is answered, and told that it is the last; none follows it.
    func dismiss(atOnce: Bool) {
        guard phase != .closed else { return }
        if phase == .head {
            // Half a head is no request yet.
            exchange?.withdraw()
            socket.sayGoodbye(loop)
            abort()
            return
        }
        if atOnce {
            let exchange = exchange
            abort()
            exchange?.clientGone()
            return
        }
        closesAfterAnswer = true
        exchange?.request.wantsClose = true
    }

    /// The client is gone: nobody reads the answer any more.
    private func peerGone() {
        guard phase != .closed else { return }
        listener.httpStats.add(.downstreamCxDestroyRemote)
        let exchange = exchange
        close()
        exchange?.clientGone()
    }

    /// Ends the connection so that a body under way cannot be taken for complete.
    override func abort() {
        guard phase != .closed else { return }
        listener.httpStats.add(.downstreamCxDestroyLocal)
        _ = socket.flush(loop)
        close()
    }

    override func close() {
        guard phase != .closed else { return }
        phase = .closed
        if exchange != nil { listener.httpStats.add(.downstreamCxDestroyActiveRq) }
        exchange = nil
        release(closing: true)
    }

    /// Gives the socket to a tunnel, with what was read and not used; nothing is closed.
    override func becomeTunnelEnd(unread: inout Buffer) -> TunnelEnd? {
        phase = .closed
        exchange = nil
        swap(&unread, &input)
        var handed = StreamSocket(-1)
        swap(&handed, &socket)
        loop.remove(descriptor: handed.descriptor)
        release(closing: false)
        listener.httpStats.add(.downstreamCxDestroy)
        return SocketEnd(handed, worker: worker, isDownstream: true)
    }

    /// Goes on as HTTP/2 on the same socket; the connection was counted when it came.
    func becomeHTTP2(_ early: ByteView) {
        phase = .closed
        exchange = nil
        var handed = StreamSocket(-1)
        swap(&handed, &socket)
        loop.remove(descriptor: handed.descriptor)
        release(closing: false)
        H2Connection(handed, peer: peer, listener: listener, chain: binding).start(
            early: early, isNew: false)
    }

    private func release(closing: Bool) {
        loop.timers.cancel(timer)
        timerIsSet = false
        if closing {
            socket.close(loop)
            listener.connectionClosed()
            listener.httpStats.add(.downstreamCxDestroy)
        }
        listener.httpStats.subtract(.downstreamCxActive)
        var rest = Buffer()
        swap(&rest, &input)
        loop.buffers.give(rest)
    }

    // MARK: - Time

    /// Moves the deadline. A later one costs nothing: the timer looks again when it fires.
    func setDeadline(afterMs delay: UInt64) {
        let due = loop.nowMs + delay
        let isEarlier = due < deadlineMs
        deadlineMs = due
        if isEarlier || !timerIsSet {
            loop.timers.cancel(timer)
            timer = loop.timers.schedule(afterMs: delay, target: self, tag: 0)
            timerIsSet = true
        }
    }

    override func timerFired(tag: UInt8) {
        timerIsSet = false
        guard phase != .closed else { return }
        let now = loop.nowMs
        guard now >= deadlineMs else {
            setDeadline(afterMs: deadlineMs - now)
            return
        }
        switch phase {
        case .head:
            if let exchange {
                exchange.timedOut(.requestHeaderTimeout)
            } else {
                listener.httpStats.add(.downstreamCxIdleTimeout)
                close()
            }
        case .body:
            if let exchange, exchange.canTakeBody {
                exchange.timedOut(.streamIdleTimeout)
            } else {
                setDeadline(afterMs: worker.settings.limits.requestBodyIdleMs)
            }
        case .answering:
            guard exchange != nil else {
                // The answer is there and is not taken.
                listener.httpStats.add(.downstreamCxIdleTimeout)
                close()
                return
            }
            // Istio sets no limit on how long an answer may take.
            setDeadline(afterMs: worker.settings.limits.clientIdleMs)
        case .lingering:
            close()
        case .closed: break
        }
    }
}
