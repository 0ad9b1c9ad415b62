// One end of a byte tunnel: a socket that passes what it reads to its partner.
// High and low water marks on what is unsent keep a slow reader from costing memory.
import Net

final class TunnelEnd: Pollable {
    private var descriptor: Int32
    private let tunnel: Tunnel
    private let isDownstream: Bool
    weak var partner: TunnelEnd?
    private var output = Buffer()
    private var canRead = false
    private var inputEnded = false
    /// FIN goes out as soon as everything is written.
    private var endsOutput = false
    private(set) var outputEnded = false
    private var isAdvancing = false

    private var loop: Loop { tunnel.worker.loop }

    init(_ descriptor: Int32, tunnel: Tunnel, isDownstream: Bool) {
        self.descriptor = descriptor
        self.tunnel = tunnel
        self.isDownstream = isDownstream
        super.init()
    }

    func watch() {
        // Writing what was read before may have found a peer gone.
        guard descriptor >= 0 else { return }
        do throws(NetError) {
            try loop.add(self, descriptor: descriptor, for: .stream)
        } catch {
            tunnel.reset()
        }
    }

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            tunnel.reset()
            return
        }
        if readiness.contains(.writable), !output.isEmpty { flush() }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) {
            canRead = true
            advance()
        }
    }

    override func resumed() {
        advance()
    }

    var unsentBytes: Int { output.count }

    private var takesMore: Bool {
        output.count < tunnel.worker.settings.limits.highWaterBytes
    }

    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while descriptor >= 0, canRead, !inputEnded, let partner, partner.takesMore {
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            loop.scratch.removeAll()
            switch loop.scratch.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes(let count):
                readBytes += count
                tunnel.moved(count, fromDownstream: isDownstream)
                partner.write(loop.scratch.readable)
            case .wouldBlock:
                canRead = false
            case .end:
                inputEnded = true
                canRead = false
                partner.endOutput()
            case .failed:
                tunnel.reset()
            }
        }
    }

    func write(_ bytes: ByteView) {
        guard descriptor >= 0, !outputEnded, bytes.count > 0 else { return }
        guard output.isEmpty else {
            output.append(bytes)
            return
        }
        switch IOResult.send(descriptor, bytes) {
        case .bytes(let count):
            if count < bytes.count { holdBack(bytes.suffix(from: count)) }
        case .wouldBlock, .end: holdBack(bytes)
        case .failed: tunnel.reset()
        }
    }

    private func holdBack(_ bytes: ByteView) {
        if output.allocatedBytes == 0 { output = loop.buffers.take() }
        output.append(bytes)
    }

    private func flush() {
        while !output.isEmpty {
            switch output.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock, .end:
                if output.count <= tunnel.worker.settings.limits.lowWaterBytes {
                    partner?.advance()
                }
                return
            case .failed:
                tunnel.reset()
                return
            }
        }
        var empty = Buffer()
        swap(&empty, &output)
        loop.buffers.give(empty)
        if endsOutput { endOutput() } else { partner?.advance() }
    }

    /// The partner's peer has finished sending: so do we, once everything is out.
    func endOutput() {
        guard descriptor >= 0, !outputEnded else { return }
        endsOutput = true
        guard output.isEmpty else { return }
        outputEnded = true
        Socket.shutdownSending(descriptor)
        tunnel.closeIfFinished()
    }

    func close() {
        let closing = descriptor
        release()
        if closing >= 0 { Socket.close(closing) }
    }

    /// Closes with RST.
    func reset() {
        let closing = descriptor
        release()
        if closing >= 0 { Socket.reset(closing) }
    }

    private func release() {
        guard descriptor >= 0 else { return }
        loop.forget(descriptor: descriptor)
        descriptor = -1
        var rest = Buffer()
        swap(&rest, &output)
        loop.buffers.give(rest)
    }
}
