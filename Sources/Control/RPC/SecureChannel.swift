// A TLS connection of the desk: its socket, its handshake, and plain bytes for whoever inherits it.
// The data plane has its own, made for a hundred thousand of them; this one serves certificates,
// and gets them.
internal import Net
internal import TLS

/// Subclassed by both sides of the certificate service; lives on one loop's thread.
class SecureChannel: Pollable {
    enum End: Equatable {
        /// The peer said goodbye, or closed between two messages.
        case closed
        case failed(String)
    }

    let loop: Loop
    let tls: TLSStream
    private(set) var descriptor: Int32
    private(set) var isOver = false
    private var isConnecting: Bool
    private var output = Buffer()
    private var isReading = false
    private var isFinishing = false
    /// Bytes that the peer does not take, above which nothing of it is read.
    private static let unsentBytesMax = 256 * 1024

    /// - Parameter descriptor: connected, or connecting (a client's); the channel's from here on.
    init(_ descriptor: Int32, isConnecting: Bool, tls: TLSStream, loop: Loop) {
        self.descriptor = descriptor
        self.isConnecting = isConnecting
        self.tls = tls
        self.loop = loop
    }

    deinit {
        // One that was never started has nobody else to close it.
        if !isOver, descriptor >= 0 { Socket.close(descriptor) }
    }

    // MARK: - For subclasses

    /// The handshake is done.
    func established() {}
    /// Plain bytes; good until the call returns.
    func received(_ bytes: ByteView) {}
    /// Everything sent so far is with the kernel.
    func flushed() {}
    /// It is over; called once, and nothing after it. Not called for `close`.
    func ended(_ end: End) {}

    // MARK: - From above

    func start() throws(NetError) {
        try loop.add(self, descriptor: descriptor, for: .stream)
        if !isConnecting, !tls.isReady { shake(.empty) }
    }

    var unsentBytes: Int { output.count }

    func send(_ plain: ByteView) {
        guard !isOver, plain.count > 0 else { return }
        guard tls.encrypt(plain, out: &output) == .ready else {
            end(.failed("a record could not be written"))
            return
        }
        flush()
    }

    /// Closes once everything is with the kernel.
    func finish() {
        isFinishing = true
        if output.isEmpty { close() }
    }

    /// Says goodbye and closes, whatever the peer has not taken yet.
    func close() {
        guard !isOver else { return }
        tls.sayGoodbye(out: &output)
        flush()
        letGo()
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        guard !isOver else { return }
        if isConnecting {
            let code = Socket.pendingError(descriptor)
            guard code == 0 else {
                end(.failed(NetError(call: "connect", errno: code).reason))
                return
            }
            guard readiness.contains(.writable) else { return }
            isConnecting = false
            Socket.setNoDelay(descriptor)
            shake(.empty)
        }
        if readiness.contains(.writable), !output.isEmpty { flush() }
        if !isOver, !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup, .error]) {
            read()
        }
    }

    override func resumed() { read() }

    private func read() {
        guard !isReading else { return }
        isReading = true
        defer { isReading = false }
        var cipher = loop.buffers.take()
        var count = 0
        // Who takes nothing gets nothing of theirs read; `flush` goes on from here.
        while !isOver, output.count < Self.unsentBytesMax {
            guard count < Loop.readBytesMax else {
                loop.again(self)
                break
            }
            guard let bytes = read(into: &cipher) else { break }
            count += bytes
        }
        loop.buffers.give(cipher)
    }

    /// nil where there is nothing more now, or for good.
    private func read(into cipher: inout Buffer) -> Int? {
        cipher.removeAll()
        switch cipher.fill(from: descriptor, limit: BufferPool.blockBytes) {
        case .bytes(let count):
            take(cipher.readable)
            return count
        case .wouldBlock: return nil
        case .end: end(tls.isReady ? .closed : .failed("the peer closed during the handshake"))
        case .failed(let code): end(.failed(NetError(call: "read", errno: code).reason))
        }
        return nil
    }

    private func take(_ bytes: ByteView) {
        guard !tls.isReady else {
            decrypt(bytes)
            return
        }
        let used = shake(bytes)
        if !isOver, tls.isReady, used < bytes.count { decrypt(bytes.suffix(from: used)) }
    }

    private func decrypt(_ bytes: ByteView) {
        var plain = Buffer()
        let progress = tls.decrypt(bytes, into: &plain, out: &output)
        if !plain.isEmpty { received(plain.readable) }
        guard !isOver else { return }
        flush()
        switch progress {
        case .needMore, .ready: return
        case .ended: end(.closed)
        case .failed(let error): end(.failed("\(error)"))
        }
    }

    /// - Returns: how many of the bytes the handshake used up.
    @discardableResult
    private func shake(_ bytes: ByteView) -> Int {
        var offset = 0
        let progress = tls.handshake(bytes, offset: &offset, out: &output)
        flush()
        guard !isOver else { return offset }
        switch progress {
        case .needMore: break
        case .ready: established()
        case .ended: end(.failed("the peer ended the handshake"))
        case .failed(let error): end(.failed("\(error)"))
        }
        return offset
    }

    private func flush() {
        guard !output.isEmpty, !isConnecting else { return }
        let wasFull = output.count >= Self.unsentBytesMax
        while !output.isEmpty {
            switch output.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock, .end: return
            case .failed(let code):
                end(.failed(NetError(call: "write", errno: code).reason))
                return
            }
        }
        if isFinishing {
            close()
            return
        }
        flushed()
        if wasFull, !isOver { loop.again(self) }
    }

    private func end(_ end: End) {
        guard !isOver else { return }
        letGo()
        ended(end)
    }

    private func letGo() {
        isOver = true
        loop.forget(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
    }
}
