// A tunnel's end whose bytes are the bodies of a request and its answer: what `tunnel` with POST
// makes of a connection through an HTTP proxy.
// The end of a body stands for FIN: the connection to the proxy itself is over with the tunnel.
import HTTP
import Net

final class BodyEnd: TunnelEnd {
    private var socket: StreamSocket
    private let worker: Worker
    private var decoder = ChunkedDecoder()
    private let framing: BodyFraming
    /// Of a body with a length.
    private var left = 0
    /// What came behind the answer's head.
    private var early = Buffer()
    private var canRead = false
    private var inputEnded = false
    private var isAdvancing = false

    private var loop: Loop { worker.loop }

    /// - Parameters:
    ///   - framing: of the answer's body.
    ///   - early: what came behind the answer's head.
    init(
        _ socket: consuming StreamSocket, worker: Worker, framing: BodyFraming,
        early: consuming Buffer
    ) {
        self.socket = socket
        self.worker = worker
        self.framing = framing
        self.early = early
        if case .length(let count) = framing { left = count }
        super.init(isDownstream: false)
    }

    override func watch() {
        // Writing what was read before may have found the peer gone.
        guard socket.isOpen else { return }
        do throws(NetError) {
            try loop.add(self, descriptor: socket.descriptor, for: .stream)
        } catch {
            tunnel?.reset()
            return
        }
        var first = Buffer()
        swap(&first, &early)
        if framing == .none { finishInput() } else { hand(on: first.readable) }
    }

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            tunnel?.reset()
            return
        }
        if readiness.contains(.writable), socket.unsentBytes > 0 {
            wentOut(socket.flush(loop), left: socket.unsentBytes)
        }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) {
            canRead = true
            advance()
        }
    }

    override func resumed() {
        advance()
    }

    // MARK: - From the proxy

    override func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while socket.isOpen, let partner {
            guard canRead, !inputEnded, partner.takesMore else { return }
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            switch socket.read(loop, counting: &readBytes) {
            case .bytes: hand(on: loop.scratch.readable)
            case .wouldBlock: canRead = false
            case .end where framing == .untilClose:
                canRead = false
                finishInput()
            case .end, .cut, .failed:
                // The body has not ended.
                tunnel?.reset()
            }
        }
    }

    private func hand(on bytes: ByteView) {
        switch framing {
        case .none: break
        case .untilClose: pass(bytes)
        case .length:
            let count = min(left, bytes.count)
            left -= count
            pass(bytes.prefix(count))
            if left == 0 { finishInput() }
        case .chunked: handChunks(bytes)
        }
    }

    private func handChunks(_ bytes: ByteView) {
        var offset = 0
        while !inputEnded {
            switch decoder.next(bytes, offset: &offset, limits: worker.settings.limits.http) {
            case .data(let start, let count): pass(bytes.slice(start, count))
            case .needMore: return
            case .end: finishInput()
            case .failed:
                tunnel?.reset()
                return
            }
        }
    }

    private func pass(_ bytes: ByteView) {
        guard bytes.count > 0 else { return }
        tunnel?.moved(bytes.count, fromDownstream: false)
        partner?.write(bytes)
    }

    private func finishInput() {
        guard !inputEnded else { return }
        inputEnded = true
        partner?.endOutput()
    }

    // MARK: - To the proxy

    override var takesMore: Bool {
        socket.unsentBytes < worker.settings.limits.highWaterBytes
    }

    override func write(_ bytes: ByteView) {
        guard socket.isOpen, !endsOutput, bytes.count > 0 else { return }
        var chunk = Buffer()
        chunk.appendChunk(bytes)
        if !socket.write(chunk.readable, loop) { tunnel?.reset() }
    }

    override func endOutput() {
        guard socket.isOpen, !endsOutput else { return }
        endsOutput = true
        var last = Buffer()
        last.appendLastChunk()
        guard socket.write(last.readable, loop) else {
            tunnel?.reset()
            return
        }
        if socket.unsentBytes == 0 { outputIsOut() }
    }

    override func outputIsOut() {
        guard !outputEnded else { return }
        outputEnded = true
        tunnel?.closeIfFinished()
    }

    override func close() {
        socket.close(loop)
    }

    override func reset() {
        socket.reset(loop)
    }
}
