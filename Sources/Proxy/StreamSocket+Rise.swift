// How a socket of ours comes to stand: TCP first, then TLS where there is any.
// These are the steps of one connection, a value without a clock; Opening takes them, and knows
// when to give up.
import Net
import TLS

extension StreamSocket {
    /// What is missing before bytes of ours may go out.
    enum Stage { case connecting, shaking, standing }

    /// Goes on connecting. True when the socket stands: plain bytes that came behind the handshake
    /// are in the loop's scratch buffer.
    /// - Parameter count: bytes read are added to it.
    mutating func rise(
        _ readiness: Readiness, _ loop: Loop, counting count: inout Int
    ) throws(DialFailure) -> Bool {
        loop.scratch.removeAll()
        if stage == .connecting {
            guard !readiness.isDisjoint(with: [.writable, .error, .hangup]) else { return false }
            let code = Socket.pendingError(descriptor)
            guard code == 0 else { throw .connect(NetError.text(code)) }
            guard unsentBytes == 0 || flush(loop) else { throw .connect("cannot be written to") }
            guard let tls else {
                stage = .standing
                return true
            }
            stage = .shaking
            var hello = Buffer()
            var offset = 0
            let progress = tls.handshake(.empty, offset: &offset, out: &hello)
            guard progress == .needMore, send(hello.readable, loop) else { throw .handshake(tls) }
            // Who speaks first, and so no TLS, may have spoken with this event, the only one to
            // tell of it.
            guard !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) else {
                return false
            }
            return try shake(tls, loop, &count)
        }
        guard let tls else { return true }
        if unsentBytes > 0, !flush(loop) { throw .handshake(tls) }
        return try shake(tls, loop, &count)
    }

    private mutating func shake(
        _ tls: TLSStream, _ loop: Loop, _ count: inout Int
    ) throws(DialFailure) -> Bool {
        while true {
            loop.ciphertext.removeAll()
            switch loop.ciphertext.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes(let bytes): count += bytes
            case .wouldBlock: return false
            case .end, .failed: throw .handshake(tls)
            }
            var answer = Buffer()
            var offset = 0
            let bytes = loop.ciphertext.readable
            var progress = tls.handshake(bytes, offset: &offset, out: &answer)
            let isDone = progress == .ready
            if isDone {
                progress = tls.decrypt(
                    bytes.suffix(from: offset), into: &loop.scratch, out: &answer)
            }
            // An alert is sent as well: the server's log then says what we found wrong.
            let isSent = answer.isEmpty || send(answer.readable, loop)
            if case .failed = progress { throw .handshake(tls) }
            guard isSent, progress != .ended || !loop.scratch.isEmpty else { throw .handshake(tls) }
            if isDone {
                stage = .standing
                return true
            }
        }
    }
}
