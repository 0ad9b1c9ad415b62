// A connection on a TLS listener before anything is served on it: the ClientHello is read, a chain
// chosen by its server name, and the handshake done; or the connection goes on, untouched, to where
// a passthrough chain says.
import HTTP
import Mesh
import Net
import TLS
import Telemetry

final class TLSAcceptor: Pollable {
    private let listener: Listener
    private let peer: SocketAddress
    private var descriptor: Int32
    /// What was read of the ClientHello so far.
    private var hello = Buffer()
    private var stream: TLSStream?
    private var chain: FilterChain?
    private var output = Buffer()
    private var timer = TimerID.none
    private var isOver = false

    private var worker: Worker { listener.worker }
    private var loop: Loop { listener.worker.loop }

    private init(_ descriptor: Int32, peer: SocketAddress, listener: Listener) {
        self.descriptor = descriptor
        self.peer = peer
        self.listener = listener
        super.init()
    }

    static func start(_ descriptor: Int32, peer: SocketAddress, listener: Listener) {
        let acceptor = TLSAcceptor(descriptor, peer: peer, listener: listener)
        do throws(NetError) {
            try listener.worker.loop.add(acceptor, descriptor: descriptor, for: .stream)
        } catch {
            acceptor.end()
            return
        }
        acceptor.timer = listener.worker.loop.timers.schedule(
            afterMs: listener.worker.settings.limits.handshakeMs, target: acceptor, tag: 0)
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            end()
            return
        }
        if readiness.contains(.writable), !output.isEmpty, !flush() { return }
        guard !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) else { return }
        read()
    }

    override func timerFired(tag: UInt8) {
        listener.stats.add(.sslConnectionError)
        end()
    }

    private func read() {
        while !isOver {
            loop.ciphertext.removeAll()
            switch loop.ciphertext.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes: received(loop.ciphertext.readable)
            case .wouldBlock: return
            case .end, .failed:
                if stream != nil { listener.stats.add(.sslConnectionError) }
                end()
            }
        }
    }

    private func received(_ bytes: ByteView) {
        if stream != nil {
            shake(bytes)
            return
        }
        hello.append(bytes)
        switch ClientHello.parse(hello.readable) {
        case .needMore: return
        case .invalid:
            listener.stats.add(.noFilterChainMatch)
            end()
        case .complete(let wanted): choose(wanted)
        }
    }

    // MARK: - The chain

    /// The chains of the present snapshot. None is kept while bytes are waited for: a new snapshot
    /// may come meanwhile, in which the places of clusters that routes speak of mean others.
    private var chains: [FilterChain] { listener.spec.chains }

    private func choose(_ wanted: ClientHello) {
        var best: FilterChain?
        var bestFit = -1
        for chain in chains {
            if let fit = chain.fit(wanted.serverName), fit > bestFit {
                best = chain
                bestFit = fit
            }
        }
        guard let best else {
            // As Istio's: no chain, no alert, just the end.
            listener.stats.add(.noFilterChainMatch)
            end()
            return
        }
        chain = best
        switch best.handling {
        case .passthrough(let route): pass(to: route)
        case .terminateHTTP, .terminateTCP: terminate(best)
        }
    }

    private func pass(to route: TCPRoute) {
        var early = Buffer()
        swap(&early, &hello)
        let handed = letGo()
        TCPConnection.start(
            StreamSocket(handed), peer: peer, listener: listener, route: route, early: early)
    }

    private func terminate(_ chain: FilterChain) {
        guard let context = worker.context(of: chain, on: listener) else {
            listener.stats.add(.sslContextMissing)
            end()
            return
        }
        do throws(TLSError) {
            stream = try TLSStream(context)
        } catch {
            end()
            return
        }
        var first = Buffer()
        swap(&first, &hello)
        shake(first.readable)
    }

    // MARK: - The handshake

    private func shake(_ bytes: ByteView) {
        guard let stream else { return }
        var offset = 0
        let progress = stream.handshake(bytes, offset: &offset, out: &output)
        guard flush() else { return }
        switch progress {
        case .needMore, .ended: return
        case .failed:
            listener.stats.add(.sslConnectionError)
            end()
        case .ready: serve(stream, rest: bytes.suffix(from: offset))
        }
    }

    /// The handshake is done; what came behind it may hold the first request already.
    private func serve(_ stream: TLSStream, rest: ByteView) {
        listener.stats.add(.sslHandshake)
        guard let chain = chains.first(where: { $0.name == chain?.name }) else {
            listener.stats.add(.noFilterChainMatch)
            end()
            return
        }
        if case .passthrough = chain.handling {
            listener.stats.add(.noFilterChainMatch)
            end()
            return
        }
        guard peerIsAllowed(stream, chain) else {
            listener.stats.add(.sslFailVerifySAN)
            end()
            return
        }
        var plain = Buffer()
        var answer = Buffer()
        let progress = stream.decrypt(rest, into: &plain, out: &answer)
        if case .failed = progress {
            listener.stats.add(.sslConnectionError)
            end()
            return
        }
        output.append(answer.readable)
        var unsent = Buffer()
        swap(&unsent, &output)
        let descriptor = letGo()
        var socket = StreamSocket(descriptor, tls: stream)
        if !unsent.isEmpty { _ = socket.send(unsent.readable, loop) }
        switch chain.handling {
        case .terminateHTTP(_, let table):
            let binding = ChainBinding(chain, table: table, spec: listener.spec)
            if stream.applicationProtocol == "h2" {
                H2Connection(socket, peer: peer, listener: listener, chain: binding)
                    .start(early: plain.readable, isNew: true)
            } else {
                ClientConnection(socket, peer: peer, listener: listener, chain: binding)
                    .start(early: plain.readable)
            }
        case .terminateTCP(_, let route):
            TCPConnection.start(
                socket, peer: peer, listener: listener, route: route, early: plain)
        case .passthrough: break
        }
    }

    /// `subjectAltNames` and pins of the server, beyond what OpenSSL has verified.
    private func peerIsAllowed(_ stream: TLSStream, _ chain: FilterChain) -> Bool {
        let termination: TLSTermination
        switch chain.handling {
        case .terminateHTTP(let settings, _), .terminateTCP(let settings, _):
            termination = settings
        case .passthrough: return true
        }
        guard
            !termination.subjectAltNames.isEmpty || !termination.publicKeyPins.isEmpty
                || !termination.certificatePins.isEmpty
        else { return true }
        guard let certificate = stream.peerFacts else {
            return termination.clientCertificates != .required
        }
        if !termination.subjectAltNames.isEmpty,
            !termination.subjectAltNames.contains(where: certificate.alternativeNames.contains)
        {
            return false
        }
        // Either list matching is enough.
        if termination.publicKeyPins.isEmpty, termination.certificatePins.isEmpty { return true }
        return termination.publicKeyPins.contains(certificate.publicKeyPin)
            || termination.certificatePins.contains(certificate.certificatePin)
    }

    // MARK: - Ends

    /// False when the connection broke.
    private func flush() -> Bool {
        while !output.isEmpty {
            switch output.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock, .end: return true
            case .failed:
                end()
                return false
            }
        }
        return true
    }

    /// The descriptor goes to whoever serves it now.
    private func letGo() -> Int32 {
        isOver = true
        loop.timers.cancel(timer)
        loop.remove(descriptor: descriptor)
        let handed = descriptor
        descriptor = -1
        return handed
    }

    private func end() {
        guard !isOver else { return }
        isOver = true
        loop.timers.cancel(timer)
        loop.forget(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
        listener.connectionClosed()
    }
}
