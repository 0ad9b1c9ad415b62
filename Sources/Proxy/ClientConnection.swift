// The client's side of HTTP/1.1: one connection, one request at a time, pipelined ones waiting.
// It turns bytes into requests for an Exchange and the exchange's answers into bytes; routing and
// upstreams are none of its business.
import HTTP
import Net
import Telemetry

/// Between requests it holds no exchange and no buffer: an idle connection costs this object, a
/// timer entry and its place in the loop's table.
final class ClientConnection: Pollable {
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

    let listener: Listener
    let peer: SocketAddress
    private(set) var descriptor: Int32
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
    var exchange: Exchange?
    /// Bytes read but not used yet: pipelined requests.
    private var input = Buffer()
    /// Bytes the socket did not take yet.
    private var output = Buffer()
    var lingeredBytes = 0

    var worker: Worker { listener.worker }
    private var loop: Loop { listener.worker.loop }
    var limits: ProxyLimits { listener.worker.settings.limits }

    /// The address the client connected to; asked of the system, as only logs want to know.
    var localAddress: SocketAddress? {
        descriptor >= 0 ? Socket.localAddress(descriptor) : nil
    }

    init(_ descriptor: Int32, peer: SocketAddress, listener: Listener) {
        self.descriptor = descriptor
        self.peer = peer
        self.listener = listener
        super.init()
    }

    func start() {
        listener.httpStats.add(.downstreamCxTotal)
        listener.httpStats.add(.downstreamCxHTTP1Total)
        listener.httpStats.add(.downstreamCxActive)
        do throws(NetError) {
            try loop.add(self, descriptor: descriptor, for: .stream)
        } catch {
            close()
            return
        }
        setDeadline(afterMs: worker.settings.limits.clientIdleMs)
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            peerGone()
            return
        }
        if readiness.contains(.writable), !output.isEmpty {
            flush()
            if phase == .closed { return }
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
    func advance() {
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
            loop.scratch.removeAll()
            switch loop.scratch.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes(let count):
                readBytes += count
                // A short read has emptied the socket; the next edge will tell.
                if count < Loop.scratchBytes, !peerClosed { canRead = false }
                listener.httpStats.add(.downstreamCxRxBytesTotal, UInt64(count))
                received(loop.scratch.readable)
            case .wouldBlock:
                canRead = false
            case .end:
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
            if exchange == nil, !output.isEmpty {
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

    var unsentBytes: Int { output.count }
    var hasUnsentAboveHighWater: Bool { output.count >= worker.settings.limits.highWaterBytes }

    /// Sends, or keeps what the socket does not take now.
    func write(_ bytes: ByteView) {
        guard phase != .closed, !writeFailed, bytes.count > 0 else { return }
        guard output.isEmpty else {
            output.append(bytes)
            return
        }
        switch IOResult.send(descriptor, bytes) {
        case .bytes(let count):
            listener.httpStats.add(.downstreamCxTxBytesTotal, UInt64(count))
            if count < bytes.count { holdBack(bytes.suffix(from: count)) }
        case .wouldBlock, .end:
            holdBack(bytes)
        case .failed:
            // Dealt with from the loop, never inside the exchange's own call: the exchange would
            // end, and serve another client, while its caller still works on it.
            writeFailed = true
            loop.again(self)
        }
    }

    private func holdBack(_ bytes: ByteView) {
        if output.allocatedBytes == 0 { output = loop.buffers.take() }
        output.append(bytes)
    }

    private func flush() {
        while !output.isEmpty {
            switch output.drain(to: descriptor) {
            case .bytes(let count):
                listener.httpStats.add(.downstreamCxTxBytesTotal, UInt64(count))
            case .wouldBlock, .end:
                if output.count <= worker.settings.limits.lowWaterBytes { hasRoom() }
                return
            case .failed:
                peerGone()
                return
            }
        }
        var empty = Buffer()
        swap(&empty, &output)
        loop.buffers.give(empty)
        if exchange == nil, closesAfterAnswer {
            finishClosing()
        } else {
            hasRoom()
        }
    }

    private func hasRoom() {
        if let exchange { exchange.clientTakesMore() } else { advance() }
    }

    // MARK: - The end of an exchange

    /// The answer is handed over in full. `mustClose`: the connection cannot carry another request.
    func answered(mustClose: Bool) {
        exchange = nil
        if mustClose || inputEnded { closesAfterAnswer = true }
        if closesAfterAnswer || listener.isEnding {
            closesAfterAnswer = true
            phase = .answering
            if output.isEmpty { finishClosing() }
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
        Socket.shutdownSending(descriptor)
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
        if output.isEmpty {
            close()
        } else {
            closesAfterAnswer = true
            phase = .answering
        }
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
    func abort() {
        guard phase != .closed else { return }
        listener.httpStats.add(.downstreamCxDestroyLocal)
        flushOnce()
        close()
    }

    private func flushOnce() {
        guard !output.isEmpty else { return }
        _ = output.drain(to: descriptor)
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        if exchange != nil { listener.httpStats.add(.downstreamCxDestroyActiveRq) }
        exchange = nil
        release(closing: true)
    }

    /// Gives the descriptor to a tunnel, with what was read and not used; nothing is closed.
    func handOver(unread: inout Buffer, unsent: inout Buffer) -> Int32 {
        phase = .closed
        exchange = nil
        swap(&unread, &input)
        swap(&unsent, &output)
        let handed = descriptor
        release(closing: false)
        return handed
    }

    private func release(closing: Bool) {
        loop.timers.cancel(timer)
        timerIsSet = false
        if closing {
            loop.forget(descriptor: descriptor)
            Socket.close(descriptor)
            listener.connectionClosed()
        } else {
            loop.remove(descriptor: descriptor)
        }
        descriptor = -1
        listener.httpStats.subtract(.downstreamCxActive)
        listener.httpStats.add(.downstreamCxDestroy)
        var rest = Buffer()
        swap(&rest, &input)
        loop.buffers.give(rest)
        var unsent = Buffer()
        swap(&unsent, &output)
        loop.buffers.give(unsent)
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
            // Istio sets no limit on how long an answer may take.
            setDeadline(afterMs: worker.settings.limits.clientIdleMs)
        case .lingering:
            close()
        case .closed: break
        }
    }
}
