// One connection of the small client: a request out, a response in, then the pool or the end.
// It is kept only when it is certain that the next byte on it begins the next response.
import Net

final class OutboundConnection: Pollable {
    private enum Phase { case connecting, head, body, idle, closed }

    let client: HTTPClient
    let address: SocketAddress
    private var descriptor: Int32
    private var phase: Phase
    private var call: OutboundCall?
    private var isReused = false
    private let head = ResponseHead()
    private var parser = H1ResponseParser()
    private var chunks = ChunkedDecoder()
    private var body: [UInt8] = []
    private var input = Buffer()
    private var output = Buffer()
    private var hasReceived = false
    private var timer = TimerID.none

    init(
        _ descriptor: Int32, isConnected: Bool, address: SocketAddress, client: HTTPClient
    ) {
        self.descriptor = descriptor
        self.address = address
        self.client = client
        phase = isConnected ? .head : .connecting
    }

    deinit {
        if descriptor >= 0 { Socket.close(descriptor) }
    }

    /// - Returns: false when the connection turned out to be gone; the call is untouched then.
    func begin(_ call: OutboundCall, isReused: Bool) -> Bool {
        if phase == .closed { return false }
        self.call = call
        self.isReused = isReused
        hasReceived = false
        head.reset()
        parser = H1ResponseParser()
        chunks.reset()
        body = []
        if phase == .idle { phase = .head }
        let now = client.loop.nowMs
        setTimer(call.deadlineMs > now ? call.deadlineMs - now : 1)
        output.removeAll()
        call.append(to: &output)
        if phase != .connecting { flush() }
        return true
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        if phase == .connecting {
            guard !readiness.isDisjoint(with: [.writable, .error, .hangup]) else { return }
            let code = Socket.pendingError(descriptor)
            if code != 0 {
                fail(.connectFailed(NetError(call: "connect", errno: code)))
                return
            }
            phase = .head
        }
        if readiness.contains(.writable) { flush() }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .error, .hangup]) { read() }
    }

    override func resumed() { read() }

    override func timerFired(tag: UInt8) {
        fail(.timedOut)
    }

    private func flush() {
        while !output.isEmpty, phase != .closed {
            switch output.drain(to: descriptor) {
            case .bytes: continue
            // A server may answer and close before it has read everything; that answer is read.
            case .wouldBlock, .end, .failed: return
            }
        }
    }

    private func read() {
        let loop = client.loop
        var readBytes = 0
        while phase == .head || phase == .body || phase == .idle {
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            loop.scratch.removeAll()
            switch loop.scratch.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes(let count):
                readBytes += count
                // Bytes nobody asked for: whatever they are, the connection is out of step.
                if phase == .idle {
                    close()
                    return
                }
                hasReceived = true
                input.append(loop.scratch.readable)
                advance()
            case .wouldBlock: return
            case .end, .failed:
                ended()
                return
            }
        }
    }

    /// The server has closed the connection.
    private func ended() {
        if phase == .body, head.framing == .untilClose {
            finish()
            return
        }
        guard let call, isReused, !hasReceived, call.mayRetry else {
            fail(.closed)
            return
        }
        self.call = nil
        close()
        client.retry(call)
    }

    // MARK: - The response

    private func advance() {
        while true {
            switch phase {
            case .head: if !readHead() { return }
            case .body: if !readBody() { return }
            default: return
            }
        }
    }

    /// - Returns: whether the phase has changed.
    private func readHead() -> Bool {
        guard let call else { return false }
        switch parser.feed(input.readable, into: head, limits: client.limits.http) {
        case .needMore: return false
        case .failed(let error):
            fail(.malformed(error))
            return true
        case .complete(let count):
            if let error = head.adopt(input.readable, method: call.method) {
                fail(.malformed(error))
                return true
            }
            input.consume(count)
        }
        if head.status == 101 {
            // Nobody asked for an upgrade.
            fail(.malformed(.statusLine))
        } else if head.status < 200 {
            // RFC 9110 section 15.2: interim responses come before the one that counts.
            head.reset()
            parser = H1ResponseParser()
        } else {
            phase = .body
        }
        return true
    }

    /// - Returns: whether the phase has changed.
    private func readBody() -> Bool {
        switch head.framing {
        case .none:
            finish()
            return true
        case .length(let length):
            guard length <= client.limits.bodyBytesMax else {
                fail(.bodyTooLarge)
                return true
            }
            takeInput(atMost: length - body.count)
            if body.count < length { return false }
            finish()
            return true
        case .untilClose:
            takeInput(atMost: input.count)
            if body.count > client.limits.bodyBytesMax { fail(.bodyTooLarge) }
            return false
        case .chunked:
            return readChunks()
        }
    }

    private func takeInput(atMost limit: Int) {
        let count = min(input.count, limit)
        body.append(contentsOf: input.readable.prefix(count).array)
        input.consume(count)
    }

    private func readChunks() -> Bool {
        var offset = 0
        while true {
            let view = input.readable
            switch chunks.next(view, offset: &offset, limits: client.limits.http) {
            case .data(let start, let count):
                guard body.count + count <= client.limits.bodyBytesMax else {
                    fail(.bodyTooLarge)
                    return true
                }
                body.append(contentsOf: view.slice(start, count).array)
            case .needMore:
                input.consume(offset)
                return false
            case .end:
                input.consume(offset)
                finish()
                return true
            case .failed(let error):
                fail(.malformed(error))
                return true
            }
        }
    }

    // MARK: - The end

    private func finish() {
        guard let call else { return }
        self.call = nil
        let response = ClientResponse(
            status: head.status,
            fields: head.fields.map {
                HTTPField(head.name($0).string, head.value($0).string)
            },
            body: body)
        body = []
        // What is not sent yet, or was sent unasked, leaves the connection out of step.
        let isClean = output.isEmpty && input.isEmpty && head.framing != .untilClose
        if isClean, head.allowsReuse, client.keep(self) {
            phase = .idle
            setTimer(client.limits.idleMs)
        } else {
            close()
        }
        call.complete(.success(response))
    }

    func fail(_ error: ClientError) {
        let failed = call
        call = nil
        close()
        failed?.complete(.failure(error))
    }

    private func close() {
        if phase == .closed { return }
        phase = .closed
        client.loop.timers.cancel(timer)
        client.loop.remove(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
        client.closed(self)
    }

    private func setTimer(_ ms: UInt64) {
        client.loop.timers.cancel(timer)
        timer = client.loop.timers.schedule(afterMs: ms, target: self, tag: 0)
    }
}
