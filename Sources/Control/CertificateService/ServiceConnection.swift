// One client of the certificate service: a sidecar that enrols or renews, or somebody who reads the
// roots with curl.
internal import Authority
internal import HTTP
internal import Net
internal import PKI
internal import TLS

final class ServiceConnection: H2Channel {
    let server: AuthorityServer
    let peer: SocketAddress
    private var timer = TimerID.none
    private let startedMs: UInt64
    private var streams: [Int32: ServiceStream] = [:]
    private var isDraining = false
    /// Somebody has proved who they are on this connection.
    private(set) var isKnown = false
    /// What the peer's certificate proved, and when that was found out.
    private var caller: (applicant: Applicant, generation: UInt64)?
    /// A reader with HTTP/1.1.
    var reader: ServiceReader?

    init(_ descriptor: Int32, peer: SocketAddress, tls: TLSStream, server: AuthorityServer) {
        self.server = server
        self.peer = peer
        startedMs = server.loop.nowMs
        super.init(descriptor, isConnecting: false, tls: tls, loop: server.loop)
        timer = loop.timers.schedule(
            afterMs: server.limits.handshakeMs, target: self, tag: 0)
    }

    // MARK: - Who it is

    /// What the client's certificate proves; nil where it gave none.
    func applicant(
        by registrar: Registrar, at now: UnixTime
    ) throws(AuthorityError) -> Applicant? {
        if let caller, caller.generation == registrar.generation,
            now < caller.applicant.expiresAt
        {
            return caller.applicant
        }
        guard let certificate = tls.peerCertificate else { return nil }
        let applicant = try registrar.applicant(certificate: certificate, at: now)
        caller = (applicant, registrar.generation)
        return applicant
    }

    func becameKnown() { isKnown = true }

    // MARK: - From the channel

    override func established() {
        if tls.applicationProtocol == "h2" {
            begin(.server, limits: server.limits.http2)
        } else {
            reader = ServiceReader(self)
        }
    }

    override func received(_ bytes: ByteView) {
        if let reader {
            reader.received(bytes)
        } else {
            super.received(bytes)
        }
    }

    override func makeStream(id: Int32, in session: H2Session) -> H2Stream {
        let stream = ServiceStream(id: id, session: session, connection: self)
        streams[id] = stream
        return stream
    }

    func forget(_ stream: ServiceStream) { streams[stream.id] = nil }

    override func violated(isFlood: Bool) {
        if isFlood { server.counts.floods += 1 } else { server.counts.protocolErrors += 1 }
    }

    override func ended(_ end: End) {
        if case .failed = end, !tls.isReady { server.counts.handshakeFailures += 1 }
        super.ended(end)
        left()
    }

    override func close() {
        guard !isOver else { return }
        super.close()
        left()
    }

    private func left() {
        loop.timers.cancel(timer)
        streams = [:]
        reader = nil
        server.left(self)
    }

    // MARK: - Time

    /// Ends what waits too long; looks again every second.
    override func timerFired(tag: UInt8) {
        guard !isOver else { return }
        let now = loop.nowMs
        guard tls.isReady else {
            server.counts.timeouts += 1
            server.counts.handshakeFailures += 1
            close()
            return
        }
        // What is whole is answered at once: an old stream waits for its client.
        let isStalled = streams.values.contains {
            now - $0.startedMs >= server.limits.requestMs
        }
        let idleMs = isKnown ? server.limits.idleMs : server.limits.strangerIdleMs
        let quietMs = now - max(lastMovedMs, startedMs)
        if isStalled || quietMs >= idleMs {
            server.counts.timeouts += 1
            session?.terminate(code: 0)
            roundEnded()
            close()
            return
        }
        if now - startedMs >= server.limits.ageMs { drain() }
        timer = loop.timers.schedule(afterMs: 1_000, target: self, tag: 0)
    }

    /// Refuses new calls; those under way are answered, and then it ends.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        if let session, session.openStreams > 0 {
            session.goAway()
        } else {
            session?.terminate(code: 0)
            roundEnded()
            close()
        }
    }
}
