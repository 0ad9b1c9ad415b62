// One client's connection to the small server: bytes to requests, one at a time.
// Pipelined requests wait in `input` while one is answered, and nothing is read meanwhile, so a
// client can make the server hold one request and what fits into one read.
import Net

final class ServerConnection: Pollable {
    enum Phase {
        case head, body, answering
        /// Our side has ended; what still arrives is thrown away, so that the client's system does
        /// not drop the response over unread bytes (RFC 9112 section 9.6).
        case lingering
        case closed
    }

    let server: HTTPServer
    let peer: SocketAddress
    private var descriptor: Int32
    private(set) var phase = Phase.head
    private let head = RequestHead()
    private var parser = H1RequestParser()
    private var chunks = ChunkedDecoder()
    private var body: [UInt8] = []
    private var input = Buffer()
    var output = Buffer()
    /// Makes the rest of a pulled stream, piece by piece.
    var source: (() -> [UInt8]?)?
    private var isFlushing = false
    private var canRead = false
    private var isAdvancing = false
    private var timer = TimerID.none
    private var closesAfterAnswer = false
    private var answerIsWritten = false

    init(_ descriptor: Int32, peer: SocketAddress, server: HTTPServer) {
        self.descriptor = descriptor
        self.peer = peer
        self.server = server
    }

    deinit {
        if descriptor >= 0 { Socket.close(descriptor) }
    }

    func start() {
        do throws(NetError) {
            try server.loop.add(self, descriptor: descriptor, for: .stream)
        } catch {
            return
        }
        server.connectionCount += 1
        setDeadline(server.limits.idleMs)
    }

    var isOpen: Bool { phase != .closed && phase != .lingering }
    var pendingBytes: Int { output.count }
    /// HTTP/1.0 clients get no chunks, and their connections end with the response.
    var isOldClient: Bool { head.minorVersion == 0 }
    var willClose: Bool { closesAfterAnswer }
    func closeAfterThis() { closesAfterAnswer = true }

    func serverIsStopping() {
        closesAfterAnswer = true
        if phase == .head && input.isEmpty && output.isEmpty { close() }
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: [.error, .hangup]) {
            close()
            return
        }
        if readiness.contains(.writable) { flush() }
        if !readiness.isDisjoint(with: [.readable, .peerClosed]) { canRead = true }
        advance()
    }

    override func resumed() {
        if source != nil { flush() }
        advance()
    }

    override func timerFired(tag: UInt8) {
        switch phase {
        case .body: refuse(408, "the request took too long\n")
        case .head where !input.isEmpty: refuse(408, "the request took too long\n")
        default: close()
        }
    }

    /// Works off what is there, then reads more, as long as the phase allows.
    func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while true {
            // A client that does not take its answers gets no more of them.
            if phase == .head, !output.isEmpty { return }
            switch phase {
            case .closed, .answering: return
            case .lingering: input.removeAll()
            case .head: if readHead() { continue }
            case .body: if readBody() { continue }
            }
            guard canRead else { return }
            if readBytes >= Loop.readBytesMax {
                server.loop.again(self)
                return
            }
            readBytes += read()
        }
    }

    /// Appends what the socket has to `input`. - Returns: how many bytes that were.
    private func read() -> Int {
        let loop = server.loop
        loop.scratch.removeAll()
        switch loop.scratch.fill(from: descriptor, limit: Loop.scratchBytes) {
        case .bytes(let count):
            if phase == .head && input.isEmpty { setDeadline(server.limits.requestMs) }
            input.append(loop.scratch.readable)
            return count
        case .wouldBlock:
            canRead = false
        case .end, .failed:
            canRead = false
            close()
        }
        return 0
    }

    // MARK: - Requests

    /// - Returns: whether the phase has changed.
    private func readHead() -> Bool {
        if input.isEmpty { return false }
        switch parser.feed(input.readable, into: head, limits: server.limits.http) {
        case .needMore: return false
        case .failed(let error): refuse(error)
        case .complete(let count):
            if let error = head.adopt(input.readable) {
                refuse(error)
                return true
            }
            input.consume(count)
            beginBody()
        }
        return true
    }

    private func beginBody() {
        phase = .body
        body = []
        chunks.reset()
        if head.wantsClose || (isOldClient && !head.wantsKeepAlive) { closesAfterAnswer = true }
        if head.hasUnknownExpectation {
            refuse(417, "only 100-continue can be expected\n")
        } else if head.method == .connect {
            refuse(405, "CONNECT is not served here\n")
        } else if case .length(let length) = head.framing, length > server.limits.bodyBytesMax {
            refuse(413, "the body is larger than \(server.limits.bodyBytesMax) bytes\n")
        } else if head.expectsContinue, head.framing != .none, input.isEmpty, !isOldClient {
            output.append("HTTP/1.1 100 Continue\r\n\r\n")
            flush()
        }
    }

    /// - Returns: whether the phase has changed.
    private func readBody() -> Bool {
        switch head.framing {
        case .none, .untilClose:
            dispatch()
            return true
        case .length(let length):
            let count = min(input.count, length - body.count)
            body.append(contentsOf: input.readable.prefix(count).array)
            input.consume(count)
            if body.count < length { return false }
            dispatch()
            return true
        case .chunked:
            return readChunks()
        }
    }

    private func readChunks() -> Bool {
        var offset = 0
        while true {
            let view = input.readable
            switch chunks.next(view, offset: &offset, limits: server.limits.http) {
            case .data(let start, let count):
                guard body.count + count <= server.limits.bodyBytesMax else {
                    refuse(413, "the body is larger than \(server.limits.bodyBytesMax) bytes\n")
                    return true
                }
                body.append(contentsOf: view.slice(start, count).array)
            case .needMore:
                input.consume(offset)
                return false
            case .end:
                input.consume(offset)
                dispatch()
                return true
            case .failed(let error):
                refuse(error)
                return true
            }
        }
    }

    private func dispatch() {
        phase = .answering
        clearDeadline()
        let request = ServerRequest(head, body: body, peer: peer)
        body = []
        if server.isStopping { closesAfterAnswer = true }
        server.handler(request, Responder(self, isHead: head.method == .head))
    }

    private func refuse(_ error: H1Error) {
        switch error {
        case .headTooLarge, .tooManyFields, .trailerTooLarge:
            refuse(431, "the request's fields are too large\n")
        case .requestLineTooLong: refuse(414, "the request line is too long\n")
        default: refuse(400, "not an HTTP/1.1 request: \(error.rule)\n")
        }
    }

    /// Answers a request that cannot be served, and closes: where the next one would begin is not
    /// known.
    private func refuse(_ status: UInt16, _ text: String) {
        phase = .answering
        closesAfterAnswer = true
        answer(.text(text, status: status), isHead: false)
    }

    // MARK: - Answers

    /// The answer is in `output`; goes on with the next request once the client has taken it.
    func finishAnswer() {
        guard phase == .answering else { return }
        answerIsWritten = true
        flush()
        advance()
    }

    /// Writes what the socket takes, and makes more of a pulled stream when it has taken all.
    func flush() {
        if isFlushing || phase == .closed { return }
        isFlushing = true
        defer { isFlushing = false }
        // The client takes something: the time it may stand still begins anew.
        if phase == .answering { clearDeadline() }
        var written = 0
        repeat {
            while !output.isEmpty {
                switch output.drain(to: descriptor) {
                case .bytes(let count): written += count
                case .wouldBlock:
                    setDeadline(server.limits.stallMs)
                    return
                case .end, .failed:
                    close()
                    return
                }
            }
            // One fast reader of an endless stream must not keep the loop to itself.
            if source != nil, written >= Loop.readBytesMax {
                server.loop.again(self)
                return
            }
        } while pull() || !output.isEmpty
        if output.allocatedBytes > 4 * BufferPool.blockBytes { output = Buffer() }
        if answerIsWritten && phase == .answering { answered() }
    }

    private func answered() {
        answerIsWritten = false
        if closesAfterAnswer {
            phase = .lingering
            Socket.shutdownSending(descriptor)
            setDeadline(server.limits.lingerMs)
            return
        }
        head.reset()
        parser = H1RequestParser()
        phase = .head
        setDeadline(input.isEmpty ? server.limits.idleMs : server.limits.requestMs)
    }

    /// Ends the connection in the middle of a response.
    func abandon() {
        guard isOpen else { return }
        flush()
        close()
    }

    private func close() {
        if phase == .closed { return }
        phase = .closed
        source = nil
        clearDeadline()
        server.loop.remove(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
        server.connectionCount -= 1
    }

    private func setDeadline(_ ms: UInt64) {
        server.loop.timers.cancel(timer)
        timer = server.loop.timers.schedule(afterMs: ms, target: self, tag: 0)
    }

    private func clearDeadline() {
        server.loop.timers.cancel(timer)
    }
}
