// A socket with its TLS, if it has any, and the bytes it did not take yet.
// Everything above sees plain bytes; what is plain and what is cipher text meets only here.
import Net
import TLS

struct StreamSocket: ~Copyable {
    private(set) var descriptor: Int32
    let tls: TLSStream?
    /// Who the client is, where it showed a certificate.
    let identity: PeerIdentity?
    /// See StreamSocket+Dial.swift; a socket that was accepted stands.
    var stage: Stage
    /// What the socket did not take: cipher text where there is TLS.
    private var output = Buffer()
    /// close_notify has come: the FIN behind it is no cut.
    private var peerHasEnded = false

    init(
        _ descriptor: Int32, tls: TLSStream? = nil, identity: PeerIdentity? = nil,
        stage: Stage = .standing
    ) {
        self.descriptor = descriptor
        self.tls = tls
        self.identity = identity
        self.stage = stage
    }

    enum Reading {
        /// Plain bytes are in the loop's scratch buffer. `more`: the socket may have further ones.
        case bytes(more: Bool)
        case wouldBlock
        case end
        /// FIN without the close_notify that TLS ends with: what came may not be whole (RFC 8446
        /// section 6.1).
        case cut
        case failed
    }

    var unsentBytes: Int { output.count }
    var isOpen: Bool { descriptor >= 0 }

    mutating func read(_ loop: Loop, counting count: inout Int) -> Reading {
        loop.scratch.removeAll()
        guard let tls else {
            switch loop.scratch.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes(let bytes):
                count += bytes
                return .bytes(more: bytes == Loop.scratchBytes)
            case .wouldBlock: return .wouldBlock
            case .end: return .end
            case .failed: return .failed
            }
        }
        return read(tls, loop, &count)
    }

    private mutating func read(_ tls: TLSStream, _ loop: Loop, _ count: inout Int) -> Reading {
        if peerHasEnded { return .end }
        while true {
            // It came behind bytes that had to be handed on first.
            if tls.peerHasEnded { return .end }
            loop.ciphertext.removeAll()
            switch loop.ciphertext.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes(let bytes):
                count += bytes
                var answer = Buffer()
                let progress = tls.decrypt(
                    loop.ciphertext.readable, into: &loop.scratch, out: &answer)
                if !answer.isEmpty, !send(answer.readable, loop) { return .failed }
                switch progress {
                case .needMore, .ready:
                    if !loop.scratch.isEmpty { return .bytes(more: bytes == Loop.scratchBytes) }
                    // A ticket, and no event may follow for what came behind it: read on.
                    continue
                case .ended:
                    peerHasEnded = true
                    return loop.scratch.isEmpty ? .end : .bytes(more: true)
                case .failed: return .failed
                }
            case .wouldBlock: return .wouldBlock
            case .end: return .cut
            case .failed: return .failed
            }
        }
    }

    /// Sends, or keeps what is not taken now; false when the connection is broken.
    mutating func write(_ bytes: ByteView, _ loop: Loop) -> Bool {
        guard let tls else { return send(bytes, loop) }
        loop.ciphertext.removeAll()
        let progress = tls.encrypt(bytes, out: &loop.ciphertext)
        guard progress == .ready else { return false }
        let sent = send(loop.ciphertext.readable, loop)
        loop.ciphertext.removeAll()
        return sent
    }

    /// Sends bytes as they are.
    mutating func send(_ bytes: ByteView, _ loop: Loop) -> Bool {
        guard output.isEmpty else {
            output.append(bytes)
            return true
        }
        switch IOResult.send(descriptor, bytes) {
        case .bytes(let count):
            if count < bytes.count { holdBack(bytes.suffix(from: count), loop) }
            return true
        case .wouldBlock, .end:
            holdBack(bytes, loop)
            return true
        case .failed: return false
        }
    }

    /// Keeps bytes that leave before all others.
    mutating func holdBack(_ bytes: ByteView, _ loop: Loop) {
        if output.allocatedBytes == 0 { output = loop.buffers.take() }
        output.append(bytes)
    }

    /// Sends what waits, as far as the socket takes it; false when the connection is broken.
    mutating func flush(_ loop: Loop) -> Bool {
        while !output.isEmpty {
            switch output.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock, .end: return true
            case .failed: return false
            }
        }
        var empty = Buffer()
        swap(&empty, &output)
        loop.buffers.give(empty)
        return true
    }

    /// Tells a TLS peer that this is the end and not a cut (RFC 8446 section 6.1).
    mutating func sayGoodbye(_ loop: Loop) {
        guard let tls else { return }
        var bytes = Buffer()
        tls.sayGoodbye(out: &bytes)
        _ = send(bytes.readable, loop)
    }

    mutating func close(_ loop: Loop) {
        end(loop) { Socket.close($0) }
    }

    /// Closes with RST, so that the peer cannot take what it got for whole.
    mutating func reset(_ loop: Loop) {
        end(loop) { Socket.reset($0) }
    }

    private mutating func end(_ loop: Loop, _ close: (Int32) -> Void) {
        guard descriptor >= 0 else { return }
        loop.forget(descriptor: descriptor)
        close(descriptor)
        identity?.left()
        descriptor = -1
        var rest = Buffer()
        swap(&rest, &output)
        loop.buffers.give(rest)
    }
}
