// A connection to an endpoint in the making: an address, TCP, what is said first, TLS, and all of
// it within one limit of time, as Envoy's connect timeout covers it.
// Whoever dials does it here; for a name with several addresses they race (Opening+Race.swift).
import HTTP
import Mesh
import Net
import TLS
import Telemetry

final class Opening: Pollable {
    let endpoint: EndpointState
    let worker: Worker
    /// nil: in the clear.
    let security: UpstreamSecurity?
    private let tls: TLSStream?
    private let ends: ClientEnds?
    /// nil once it is decided.
    private var dialler: Dialler?
    /// Where it goes: the address dialled first, until another one is faster.
    var address: SocketAddress
    /// Closed while none but other addresses are dialled.
    var socket = StreamSocket(-1)
    private var timer = TimerID.none
    var attemptTimer = TimerID.none
    /// Addresses dialled, in order; empty where there is one alone.
    var tried: ContiguousArray<SocketAddress> = []
    /// Attempts beside `socket`.
    var attempts: ContiguousArray<Attempt> = []
    /// Why the latest attempt failed that did.
    var latestError: DialFailure?
    /// What an HTTP proxy was asked for; nil before, and where there is none.
    var question: TunnelQuestion?
    /// What a peer of bytes has said already.
    var early = Buffer()
    private let inside: UpstreamSecurity.Inside
    /// Seconds since 1970: the peer's certificate ends then.
    private(set) var validUntil = Int64.max

    enum Timer {
        static let limit: UInt8 = 0
        static let nextAddress: UInt8 = 1
    }

    var loop: Loop { worker.loop }
    private var stats: ClusterStats { endpoint.cluster.stats }

    private init(
        for dialler: Dialler, to endpoint: EndpointState, _ security: UpstreamSecurity?,
        _ tls: TLSStream?, _ inside: UpstreamSecurity.Inside, _ ends: ClientEnds?
    ) {
        self.inside = inside
        self.dialler = dialler
        self.endpoint = endpoint
        worker = endpoint.cluster.worker
        self.security = security
        self.tls = tls
        self.ends = ends
        address = endpoint.addressToDial()
        super.init()
    }

    /// Begins a connection; from here on it counts as one of the endpoint's, and `dialler` is told
    /// from the loop what becomes of it.
    /// - Parameters:
    ///   - inside: what will be spoken, for ALPN.
    ///   - ends: of the client, for endpoints that want to hear of it.
    /// - Throws: where it cannot begin at all. That has been counted.
    static func begin(
        for dialler: Dialler, to endpoint: EndpointState, _ security: UpstreamSecurity?,
        inside: UpstreamSecurity.Inside, for ends: ClientEnds?
    ) throws(DialFailure) -> Opening {
        do throws(DialFailure) {
            let worker = endpoint.cluster.worker
            // A proxy is spoken to as one before it is bytes; requests go to the endpoint itself.
            let asksProxy = inside == .bytes && endpoint.cluster.cluster.tunnel != nil
            let tls = try security?.stream(
                for: asksProxy ? .http1 : inside, wallNs: worker.loop.wallNs)
            let opening = Opening(for: dialler, to: endpoint, security, tls, inside, ends)
            try opening.begin()
            return opening
        } catch {
            throw endpoint.failed(error)
        }
    }

    private func begin() throws(DialFailure) {
        if endpoint.isManifold { tried.append(address) }
        do throws(DialFailure) {
            try dial(address)
            scheduleAttempt()
        } catch {
            guard goesOn(after: error, at: address) else { throw latestError ?? error }
        }
        endpoint.connectionOpened()
        timer = loop.timers.schedule(
            afterMs: UInt64(endpoint.cluster.cluster.connectTimeoutMs), target: self,
            tag: Timer.limit)
    }

    /// Nobody wants it any more.
    func cancel() {
        dialler = nil
        finish()
        socket.close(loop)
    }

    /// What it was all for, of a connection of bytes; once.
    func takeEnd() -> TunnelEnd {
        // The tunnel watches both its ends itself.
        loop.remove(descriptor: socket.descriptor)
        let socket = takeSocket()
        guard let question, question.carriesBodies else {
            return SocketEnd(socket, worker: worker, isDownstream: false)
        }
        var first = Buffer()
        swap(&first, &early)
        return BodyEnd(
            socket, worker: worker, framing: question.answer.framing, early: first)
    }

    /// What it was all for; once.
    func takeSocket() -> StreamSocket {
        var taken = StreamSocket(-1)
        swap(&taken, &socket)
        return taken
    }

    // MARK: - One address

    func dial(_ address: SocketAddress) throws(DialFailure) {
        let raw = try connect(to: address)
        do throws(NetError) {
            try loop.add(self, descriptor: raw, for: .stream)
        } catch {
            Socket.close(raw)
            throw .connect(error.reason)
        }
        self.address = address
        adopt(raw)
    }

    /// The rest goes through this descriptor.
    func adopt(_ raw: Int32) {
        socket = StreamSocket(raw, tls: tls, stage: .connecting)
        // The header waits in front of everything else, and leaves when TCP stands.
        guard let header = endpoint.cluster.cluster.proxyHeader else { return }
        var bytes = Buffer()
        header.append(ends ?? ClientEnds(), to: &bytes)
        socket.holdBack(bytes.readable, loop)
    }

    /// A descriptor that tells by its first event whether TCP stands, also where it stands already.
    func connect(to address: SocketAddress) throws(DialFailure) -> Int32 {
        // Whatever was known when the host was chosen: nothing is dialled unseen.
        if endpoint.isDynamic,
            let hazard = endpoint.cluster.dynamic?.settings.prohibits(address)
        {
            throw .connect("\(address.host) is \(hazard.text)")
        }
        let raw: Int32
        switch Socket.connect(to: address, in: endpoint.cluster.place) {
        case .connected(let descriptor), .inProgress(let descriptor): raw = descriptor
        case .failed(let code): throw .connect(NetError.text(code))
        }
        if let asked = endpoint.cluster.cluster.pool?.keepalive {
            Socket.keepAlive(
                raw, idleSeconds: asked.idleSeconds, intervalSeconds: asked.intervalSeconds,
                probes: asked.probes)
        }
        return raw
    }

    override func ready(_ readiness: Readiness) {
        if let question {
            goOn(question, readiness)
            return
        }
        let wasConnecting = socket.stage == .connecting
        var count = 0
        do throws(DialFailure) {
            let stands = try socket.rise(readiness, loop, counting: &count)
            stats.add(.upstreamCxRxBytesTotal, UInt64(count))
            if wasConnecting, socket.stage != .connecting, !tried.isEmpty { endRace() }
            if stands { stood(readiness) }
        } catch {
            stats.add(.upstreamCxRxBytesTotal, UInt64(count))
            guard error.kind == .connect else {
                fail(error)
                return
            }
            socket.close(loop)
            if !goesOn(after: error, at: address) { fail(latestError ?? error) }
        }
    }

    override func timerFired(tag: UInt8) {
        switch tag {
        case Timer.nextAddress: dialAnother()
        default:
            for address in tried { endpoint.avoid(address) }
            fail(.timeout)
        }
    }

    // MARK: - Ends

    /// TCP stands, and TLS where there is any.
    private func stood(_ readiness: Readiness) {
        guard inside == .bytes else {
            conclude(readiness)
            return
        }
        if let tunnel = endpoint.cluster.cluster.tunnel {
            ask(tunnel, readiness)
            return
        }
        if tls != nil { early.append(loop.scratch.readable) }
        conclude(readiness)
    }

    func conclude(_ readiness: Readiness) {
        guard let dialler else { return }
        self.dialler = nil
        finish()
        if let tls {
            stats.add(.sslHandshake)
            if tls.isResumed { stats.add(.sslSessionReused) }
            if security?.tls.trust != .nobody { validUntil = tls.peerNotAfter ?? .max }
            security?.keep(tls.takeSession())
        }
        loop.hand(descriptor: socket.descriptor, to: dialler)
        dialler.opened(self, readiness)
    }

    func fail(_ error: DialFailure) {
        guard let dialler else { return }
        cancel()
        dialler.openingFailed(self, endpoint.failed(error))
    }

    /// An attempt failed, and no other is left.
    func failed() {
        fail(latestError ?? .timeout)
    }

    private func finish() {
        loop.timers.cancel(timer)
        closeAttempts()
    }
}
