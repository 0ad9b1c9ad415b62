// Accepts connections on one address for one worker. Every worker has its own socket on it
// (SO_REUSEPORT), so the kernel spreads connections and no lock is needed.
import Mesh
import Net
import Telemetry

final class Listener: Pollable {
    private(set) var spec: ListenerSpec
    private(set) var direction: ListenerSpec.Direction
    let worker: Worker
    let stats: ListenerStats
    let httpStats: HTTPStats
    private var descriptor: Int32
    private var isPaused = false
    /// It left the configuration; connections that are open end with their present request.
    private(set) var isRetired = false
    /// Accepted in one turn before others get theirs.
    private static let batchMax = 64

    /// - Parameter descriptor: -1 for one that connections are handed to.
    init(_ spec: ListenerSpec, descriptor: Int32, worker: Worker) {
        self.spec = spec
        direction = spec.direction
        self.worker = worker
        self.descriptor = descriptor
        stats = worker.metrics.listener(spec.name)
        let way = spec.direction == .inbound ? "inbound" : "outbound"
        httpStats = worker.metrics.http("\(way)_\(spec.name)")
        super.init()
        if descriptor >= 0 { start() }
    }

    /// The same address with a new configuration: connections that are open route by it from
    /// their next request on, unless their clients would not be let in by it.
    func adopt(_ spec: ListenerSpec) {
        let before = self.spec
        self.spec = spec
        direction = spec.direction
        if !before.admitsLike(spec) { reconsiderClients() }
    }

    /// Connections tell their clients so and close as soon as they can.
    var isEnding: Bool { isRetired || worker.isDraining }

    /// The address that a client called: where its connection was meant to go, if it was redirected
    /// here (Envoy's original_dst restores it as the local address).
    func calledAddress(of descriptor: Int32) -> SocketAddress? {
        if spec.reach != .bound, let meant = Socket.originalDestination(descriptor) { return meant }
        return Socket.localAddress(descriptor)
    }

    /// It left the configuration. What its routes name is gone as well, so requests that are still
    /// being read meet no route; those under way have what they need.
    func retire() {
        isRetired = true
        stop()
        let nothing: ListenerSpec.Kind
        switch spec.kind {
        case .http(let table): nothing = .http(RouteTable(name: table.name, virtualHosts: []))
        case .tcp: nothing = .tcp(nil)
        case .tls: nothing = .tls([])
        case .sniffed(_, .http(let table)):
            nothing = .sniffed([], plain: .http(RouteTable(name: table.name, virtualHosts: [])))
        case .sniffed(_, .tcp): nothing = .sniffed([], plain: .tcp(nil))
        case .sniffed(_, .detected(let table, _)):
            nothing = .sniffed(
                [], plain: .detected(RouteTable(name: table.name, virtualHosts: []), nil))
        }
        spec = ListenerSpec(
            name: spec.name, bind: spec.bind, port: spec.port, declaredPort: spec.declaredPort,
            kind: nothing, direction: spec.direction, reach: spec.reach, origins: spec.origins)
        worker.loop.forEachWatched { pollable in
            if let client = pollable as? ClientConnection, client.listener === self {
                client.closeIfIdle()
            } else if let client = pollable as? H2Connection, client.listener === self {
                client.drain()
            }
        }
    }

    /// Accepts no more; connections that are open live on.
    func stop() {
        guard descriptor >= 0 else { return }
        worker.loop.forget(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
    }

    private func start() {
        do throws(NetError) {
            try worker.loop.addLevelTriggered(self, descriptor: descriptor, for: .readable)
        } catch {
            pause()
        }
    }

    override func ready(_ readiness: Readiness) {
        for _ in 0..<Self.batchMax {
            switch Socket.accept(descriptor) {
            case .connection(let raw, let peer):
                if spec.reach == .gate {
                    handOn(raw, from: peer)
                } else {
                    accepted(raw, from: peer)
                }
            case .wouldBlock: return
            case .gone: continue
            case .exhausted:
                // The connection stays in the queue; taking events for it would spin.
                stats.add(.downstreamGlobalCxOverflow)
                pause()
                return
            }
        }
    }

    /// To the listener for where it was meant to go; a connection to this address is served here.
    private func handOn(_ raw: Int32, from peer: SocketAddress) {
        let listener =
            Socket.originalDestination(raw).flatMap { worker.captured(to: $0, by: self) } ?? self
        listener.accepted(raw, from: peer)
    }

    private func accepted(_ raw: Int32, from peer: SocketAddress) {
        guard worker.counts.takeConnection(max: worker.settings.limits.connectionsMax) else {
            stats.add(.downstreamCxOverflow)
            Socket.reset(raw)
            return
        }
        Socket.setNoDelay(raw)
        stats.add(.downstreamCxTotal)
        stats.add(.downstreamCxActive)
        switch spec.kind {
        case .http:
            ClientConnection(StreamSocket(raw), peer: peer, listener: self).start()
        case .tcp(let route):
            TCPConnection.start(StreamSocket(raw), peer: peer, listener: self, route: route)
        case .tls, .sniffed:
            TLSAcceptor.start(raw, peer: peer, listener: self)
        }
    }

    func connectionClosed() {
        worker.counts.giveConnection()
        stats.subtract(.downstreamCxActive)
        stats.add(.downstreamCxDestroy)
    }

    private func pause() {
        guard !isPaused else { return }
        isPaused = true
        worker.loop.remove(descriptor: descriptor)
        _ = worker.loop.timers.schedule(
            afterMs: worker.settings.limits.acceptPauseMs, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) {
        isPaused = false
        if descriptor >= 0 { start() }
    }
}
