// A tunnel's end that is a socket, in the clear or encrypted: it passes on what it reads.
// High and low water marks on what is unsent keep a slow reader from costing memory.
import Net

final class SocketEnd: TunnelEnd, PeerHolder {
    private var socket: StreamSocket
    private var canRead = false
    private var inputEnded = false
    /// FIN goes out as soon as everything is written.
    private var endsOutput = false
    private var isAdvancing = false
    private let worker: Worker

    private var loop: Loop { worker.loop }

    init(_ socket: consuming StreamSocket, worker: Worker, isDownstream: Bool) {
        self.socket = socket
        self.worker = worker
        super.init(isDownstream: isDownstream)
    }

    override func watch() {
        // Writing what was read before may have found a peer gone.
        guard socket.descriptor >= 0 else { return }
        do throws(NetError) {
            try loop.add(self, descriptor: socket.descriptor, for: .stream)
        } catch {
            tunnel?.reset()
            return
        }
        socket.identity?.holder = self
    }

    var identity: PeerIdentity? { socket.identity }

    /// A tunnel has no requests to wait for: the next byte would be one too many.
    func dismiss(atOnce: Bool) {
        tunnel?.reset()
    }

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            tunnel?.reset()
            return
        }
        if readiness.contains(.writable), socket.unsentBytes > 0 { flush() }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) {
            canRead = true
            advance()
        }
    }

    override func resumed() {
        advance()
    }

    var unsentBytes: Int { socket.unsentBytes }

    override var takesMore: Bool {
        socket.unsentBytes < worker.settings.limits.highWaterBytes
    }

    override func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while socket.isOpen, canRead, !inputEnded, let partner, partner.takesMore {
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            switch socket.read(loop, counting: &readBytes) {
            case .bytes:
                tunnel?.moved(loop.scratch.count, fromDownstream: isDownstream)
                partner.write(loop.scratch.readable)
            case .wouldBlock:
                canRead = false
            case .end:
                inputEnded = true
                canRead = false
                partner.endOutput()
            case .cut, .failed:
                tunnel?.reset()
            }
        }
    }

    override func write(_ bytes: ByteView) {
        guard socket.isOpen, !outputEnded, bytes.count > 0 else { return }
        if !socket.write(bytes, loop) { tunnel?.reset() }
    }

    private func flush() {
        guard socket.flush(loop) else {
            tunnel?.reset()
            return
        }
        if socket.unsentBytes == 0, endsOutput {
            endOutput()
        } else if socket.unsentBytes <= worker.settings.limits.lowWaterBytes {
            partner?.advance()
        }
    }

    /// The partner's peer has finished sending: so do we, once everything is out.
    override func endOutput() {
        guard socket.isOpen, !outputEnded else { return }
        endsOutput = true
        guard socket.unsentBytes == 0 else { return }
        outputEnded = true
        socket.sayGoodbye(loop)
        Socket.shutdownSending(socket.descriptor)
        tunnel?.closeIfFinished()
    }

    override func close() {
        socket.close(loop)
    }

    /// Closes with RST.
    override func reset() {
        socket.reset(loop)
    }
}
