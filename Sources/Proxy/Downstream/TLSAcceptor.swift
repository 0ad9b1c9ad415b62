// A connection on a listener that speaks TLS, before anything is served on it: the ClientHello is
// read, a chain chosen by what it asks for, and the handshake done; or the connection goes on,
// untouched, to where a passthrough chain says. Where plain text may come as well, the first bytes
// tell which it is (PeerAuthentication's PERMISSIVE).
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
    private var context: TLSContext?
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
        acceptor.setTimer()
    }

    /// What may be waited for before the first byte; from then on it is a handshake.
    private func setTimer() {
        let limits = worker.settings.limits
        var delay = limits.handshakeMs
        if hello.isEmpty, stream == nil, case .sniffed(_, let plain) = listener.spec.kind {
            switch plain {
            case .http: delay = limits.requestHeadMs
            case .tcp, .detected: delay = limits.detectionMs
            }
        }
        loop.timers.cancel(timer)
        timer = loop.timers.schedule(afterMs: delay, target: self, tag: 0)
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
        if stream == nil, let plain {
            switch plain {
            case .http: break
            case .tcp(let route) where hello.isEmpty:
                // A server that speaks first is not kept waiting for ever for its client's first
                // byte.
                carry(to: route)
                return
            case .tcp: break
            case .detected(_, let route):
                // Nor is whoever has said too little to tell what it is.
                carry(to: route)
                return
            }
        }
        if stream != nil || !hello.isEmpty { listener.stats.add(.sslConnectionError) }
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
        let isFirst = hello.isEmpty
        hello.append(bytes)
        switch ClientHello.parse(hello.readable) {
        case .needMore: if isFirst { setTimer() }
        case .invalid:
            if case .detected(_, let route) = plain {
                switch FirstBytes.speech(of: hello.readable) {
                case .undecided: if isFirst { setTimer() }
                case .http: if let plain { serve(plain) }
                case .other: carry(to: route)
                }
            } else if let plain {
                serve(plain)
            } else {
                refuse(.noFilterChainMatch)
            }
        case .complete(let wanted): choose(wanted)
        }
    }

    /// What becomes of bytes that are not TLS; nil where nothing but TLS is served.
    private var plain: ListenerSpec.PlainHandling? {
        switch listener.spec.kind {
        case .sniffed(_, let plain): plain
        // The listener has changed under the connection.
        case .http(let table): .http(table)
        case .tcp(let route): .tcp(route)
        case .tls: nil
        }
    }

    private func serve(_ plain: ListenerSpec.PlainHandling) {
        switch plain {
        case .http, .detected:
            var early = Buffer()
            swap(&early, &hello)
            ClientConnection(StreamSocket(letGo()), peer: peer, listener: listener)
                .start(early: early.readable)
        case .tcp(let route): carry(to: route)
        }
    }

    /// As bytes, those that have come first.
    private func carry(to route: TCPRoute?, asking serverName: String? = nil) {
        var early = Buffer()
        swap(&early, &hello)
        TCPConnection.start(
            StreamSocket(letGo()), peer: peer, listener: listener, route: route, early: early,
            asking: serverName)
    }

    private func refuse(_ reason: ListenerStat) {
        listener.stats.add(reason)
        end()
    }

    // MARK: - The chain

    /// The chains of the present snapshot. None is kept while bytes are waited for: a new snapshot
    /// may come meanwhile, in which the places of clusters that routes speak of mean others.
    private var chains: [FilterChain] { listener.spec.chains }

    private func choose(_ wanted: ClientHello) {
        if case .http = listener.spec.kind, let plain {
            serve(plain)
            return
        }
        if case .tcp = listener.spec.kind, let plain {
            serve(plain)
            return
        }
        let chains = chains
        let destination = chains.lookAtDestinations ? Socket.meantAddress(descriptor) : nil
        guard let chosen = chains.choice(for: wanted, to: destination) else {
            // As Istio's: no chain, no alert, just the end.
            refuse(.noFilterChainMatch)
            return
        }
        chain = chosen
        switch chosen.handling {
        case .passthrough(let route): carry(to: route, asking: wanted.serverName)
        case .terminateHTTP, .terminateTCP: terminate(chosen)
        }
    }

    private func terminate(_ chain: FilterChain) {
        guard let context = worker.context(of: chain, on: listener) else {
            refuse(.sslContextMissing)
            return
        }
        self.context = context
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
        if case .failed(let error) = progress { countFailure(stream, error) }
        guard flush() else { return }
        switch progress {
        case .needMore, .ended: return
        case .failed: end()
        case .ready: serve(stream, rest: bytes.suffix(from: offset))
        }
    }

    private func countFailure(_ stream: TLSStream, _ error: TLSError) {
        listener.stats.add(.sslConnectionError)
        if stream.distrustsPeer {
            listener.stats.add(.sslFailVerifyError)
        } else if error.isMissingCertificate {
            listener.stats.add(.sslFailVerifyNoCert)
        }
    }

    /// The handshake is done; what came behind it may hold the first request already.
    private func serve(_ stream: TLSStream, rest: ByteView) {
        listener.stats.add(.sslHandshake)
        guard let chain = chains.first(where: { $0.name == chain?.name }),
            let termination = chain.termination
        else {
            refuse(.noFilterChainMatch)
            return
        }
        // New certificates or lists may have come while the handshake went on.
        if let present = worker.context(of: chain, on: listener), present !== context,
            present.objection(toPeerOf: stream) != nil
        {
            refuse(.sslFailVerifyError)
            return
        }
        var identity: PeerIdentity?
        switch listener.admit(stream, by: chain, termination) {
        case .anonymous: break
        case .known(let known): identity = known
        case .refused(let reason):
            refuse(reason)
            return
        }
        var plain = Buffer()
        var answer = Buffer()
        let progress = stream.decrypt(rest, into: &plain, out: &answer)
        if case .failed = progress {
            identity?.left()
            refuse(.sslConnectionError)
            return
        }
        output.append(answer.readable)
        var unsent = Buffer()
        swap(&unsent, &output)
        let descriptor = letGo()
        var socket = StreamSocket(descriptor, tls: stream, identity: identity)
        if !unsent.isEmpty { _ = socket.send(unsent.readable, loop) }
        switch chain.handling {
        case .terminateHTTP(_, let table):
            let binding = ChainBinding(chain, table: table, spec: listener.spec)
            if let name = stream.applicationProtocol, name == "h2" || name == "istio-h2" {
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
