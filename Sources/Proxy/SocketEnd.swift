// A tunnel's end that is a socket, in the clear or encrypted: it passes on what it reads.
// High and low water marks on what is unsent keep a slow reader from costing memory; what comes in
// bulk goes past this process, see SocketEnd+Splice.swift.
import Net

final class SocketEnd: TunnelEnd, PeerHolder {
    var socket: StreamSocket
    var canRead = false
    var inputEnded = false
    /// Carries bytes to the partner's socket while they come in bulk.
    var pipe: Pipe?
    /// The last read filled its buffer.
    var isBulk = false
    private var isAdvancing = false
    /// Of the client's identity, where it has one.
    private var seat: PeerSeat?
    let worker: Worker

    var loop: Loop { worker.loop }

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
        seat = socket.identity?.seat(self)
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
        if readiness.contains(.writable) {
            if socket.unsentBytes > 0 {
                wentOut(socket.flush(loop), left: socket.unsentBytes)
            } else if isAwaited {
                isAwaited = false
                partner?.partnerHasRoom()
            }
        }
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

    override var spliceTarget: Int32 {
        socket.tls == nil && socket.unsentBytes == 0 && !outputEnded ? socket.descriptor : -1
    }

    override func partnerHasRoom() {
        if pipe != nil { advance() }
    }

    override func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while socket.isOpen, let partner {
            if mayGoOnSplicing(to: partner) {
                splice(to: partner)
                return
            }
            guard canRead, !inputEnded, partner.takesMore else { return }
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            switch socket.read(loop, counting: &readBytes) {
            case .bytes(let more):
                isBulk = more
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

    /// The partner's peer has finished sending: so do we, once everything is out.
    override func endOutput() {
        guard socket.isOpen, !outputEnded else { return }
        endsOutput = true
        if socket.unsentBytes == 0 { outputIsOut() }
    }

    /// FIN goes out.
    override func outputIsOut() {
        guard socket.isOpen, !outputEnded else { return }
        outputEnded = true
        socket.sayGoodbye(loop)
        Socket.shutdownSending(socket.descriptor)
        tunnel?.closeIfFinished()
    }

    override func close() {
        dropPipe()
        socket.close(loop)
    }

    /// Closes with RST.
    override func reset() {
        dropPipe()
        socket.reset(loop)
    }
}
