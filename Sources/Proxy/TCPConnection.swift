// A connection on a TCP listener: an endpoint is chosen, dialled, and the two become a tunnel.
// The client's handshake is complete before we dial, so a failure can only be a close.
import Mesh
import Net
import TLS
import Telemetry

final class TCPConnection: Dialler {
    private let worker: Worker
    fileprivate let listener: Listener
    let peer: SocketAddress
    private var client: StreamSocket
    /// What was read of the client's bytes before an endpoint was chosen.
    private var early = Buffer()
    /// nil once it is decided.
    private var opening: Opening?
    private var cluster: ClusterState?
    /// Of the first destination, which says how long connections last.
    private var ruling: Cluster?
    /// DNS is asked where the client's server is.
    private var nameWait: NameWait?
    private var lookupTimer = TimerID.none
    /// By what a loop is known; see Worker+Hellos.swift.
    private var mark: UInt64?
    private var endpoint: EndpointState?
    /// Where the connection goes: one of the endpoint's addresses.
    private var upstreamAddress: SocketAddress?
    /// Where the client's connection was meant to go; only logs want to know.
    private let called: SocketAddress?
    /// Who the client is, where it showed a certificate.
    private let identity: PeerIdentity?
    private let tls: TLSStream?
    /// What the client's TLS asks for: inside ours, or as it goes by.
    private var serverName: String?
    private let startWallNs: UInt64
    private let startNs: UInt64
    private var flags = ResponseFlags()
    private var failureReason: String?
    private var wasOpened = false
    private var bytesReceived: UInt64 = 0
    private var bytesSent: UInt64 = 0

    private init(_ client: consuming StreamSocket, peer: SocketAddress, listener: Listener) {
        identity = client.identity
        tls = client.tls
        called = listener.worker.log.flatMap { _ in
            listener.calledAddress(of: client.descriptor)
        }
        self.client = client
        self.peer = peer
        self.listener = listener
        worker = listener.worker
        startNs = worker.loop.nowNs
        startWallNs = worker.loop.wallNs
        super.init()
    }

    static func start(
        _ client: consuming StreamSocket, peer: SocketAddress, listener: Listener,
        route: TCPRoute?, early: consuming Buffer = Buffer(), asking serverName: String? = nil
    ) {
        let connection = TCPConnection(client, peer: peer, listener: listener)
        connection.serverName = serverName ?? connection.tls?.serverName
        connection.early = early
        guard let route else {
            connection.end(.noRouteFound)
            return
        }
        let part = route.part(for: connection.client.descriptor)
        guard !part.destinations.isEmpty else {
            connection.end(.noRouteFound)
            return
        }
        connection.dial(part)
    }

    private func dial(_ route: TCPRoute) {
        let index = worker.draw(route.destinations, totalWeight: route.totalWeight)
        guard let clusterIndex = route.destinations[index].cluster else {
            end(.noClusterFound)
            return
        }
        let cluster = worker.cluster(at: clusterIndex)
        self.cluster = cluster
        ruling = route.destinations[0].cluster.map { worker.snapshot.clusters[$0] }
        var wish = PickWish()
        // Bytes have no other key.
        if cluster.cluster.balance?.hash?.key == .sourceAddress {
            wish.hash = worker.hash(of: peer)
        }
        if cluster.cluster.original != nil {
            wish.destination = Socket.originalDestination(client.descriptor)
        }
        if let hosts = cluster.dynamic, wish.destination == nil {
            call(by: serverName, among: hosts, of: cluster)
            return
        }
        guard let endpoint = cluster.pick(wish) else {
            cluster.stats.add(.upstreamCxNoneHealthy)
            failureReason = cluster.nameProblem
            if cluster.cluster.isBlackHole { noteBlocked(by: route) }
            end(.noHealthyUpstream)
            return
        }
        connect(to: endpoint, of: cluster)
    }

    private func connect(to endpoint: EndpointState, of cluster: ClusterState) {
        self.endpoint = endpoint
        upstreamAddress = endpoint.address
        endpoint.activeRequests += 1
        endpoint.requestsTotal += 1
        guard endpoint.admitConnection() else {
            // Connections of bytes do not wait (Envoy's tcp_proxy).
            cluster.stats.add(.upstreamCxOverflow)
            end(.upstreamOverflow)
            return
        }
        do throws(DialFailure) {
            let opening = try open(to: endpoint)
            self.opening = opening
            upstreamAddress = opening.address
        } catch {
            endpoint.returnAdmission()
            failed(error)
        }
    }

    private func open(to endpoint: EndpointState) throws(DialFailure) -> Opening {
        let security: UpstreamSecurity?
        do throws(DialFailure) {
            security = try endpoint.securityForBytes().get()
        } catch {
            throw endpoint.failed(error)
        }
        if endpoint.leadsBack(to: Socket.localAddress(client.descriptor)) {
            throw endpoint.failed(.loop)
        }
        let saysWho = endpoint.cluster.cluster.proxyHeader != nil
        let ends =
            saysWho
            ? ClientEnds(client: peer, called: listener.calledAddress(of: client.descriptor)) : nil
        return try Opening.begin(for: self, to: endpoint, security, inside: .bytes, for: ends)
    }

    // MARK: - By server name

    /// Goes to the host of that name, which DNS may have to be asked for first.
    private func call(
        by name: String?, among hosts: DynamicHostTable, of cluster: ClusterState
    ) {
        guard let name, let port = hosts.settings.port else {
            refused(.unnamed, name ?? "", 0)
            return
        }
        switch Array(name.utf8).withView({ hosts.find($0, port: port) }) {
        case .host(let endpoint):
            if tls == nil {
                mark = worker.mark(early.readable)
                guard mark != nil else {
                    refused(.cameRound, name, port)
                    return
                }
            }
            connect(to: endpoint, of: cluster)
        case .failed(let failure): refused(failure, name, port)
        case .asks(let host):
            // It holds this connection, and nothing else does until then.
            nameWait = worker.nameCache.wait(for: host.name) { [self] in
                endLookup()
                call(by: name, among: hosts, of: cluster)
            }
            guard nameWait != nil else {
                refused(.overflow, name, port)
                return
            }
            lookupTimer = worker.loop.timers.schedule(
                afterMs: UInt64(cluster.cluster.connectTimeoutMs), target: self, tag: 0)
        }
    }

    private func endLookup() {
        worker.loop.timers.cancel(lookupTimer)
        if let nameWait { worker.nameCache.cancel(nameWait) }
        nameWait = nil
    }

    /// DNS takes longer than a connection may.
    override func timerFired(tag: UInt8) {
        endLookup()
        refused(.timeout, serverName ?? "", cluster?.dynamic?.settings.port ?? 0)
    }

    private func refused(_ failure: DynamicHostFailure, _ name: String, _ port: UInt16) {
        let text = failure.text(for: name)
        failureReason = text
        cluster?.stats.add(.upstreamCxNoneHealthy)
        if let kind = failure.refusal {
            worker.refused(
                kind, "\(name):\(port)", because: text, on: listener, by: peer, identity)
        }
        end(failure.failure.row.flags)
    }

    /// Nothing describes where it was meant to go, and a policy lets nothing else out.
    private func noteBlocked(by route: TCPRoute) {
        let meant = Socket.originalDestination(client.descriptor).map { "\($0)" } ?? ""
        let name = serverName.map { " (\($0))" } ?? ""
        worker.refused(
            .connection, meant + name,
            because: "\(meant)\(name) is blocked by outboundTrafficPolicy REGISTRY_ONLY of "
                + "\(route.origin.object): describe it with a ServiceEntry",
            on: listener, by: peer, identity)
    }

    // MARK: - The connection

    override func opened(_ opening: Opening, _ readiness: Readiness) {
        self.opening = nil
        upstreamAddress = opening.address
        wasOpened = true
        endpoint?.connected(isAll: true)
        series.recordOpened()
        let upstream = opening.takeEnd()
        let tunnel = Tunnel(worker: worker, owner: TCPTunnel(self), lifetime: lifetime)
        var socket = StreamSocket(-1)
        swap(&socket, &client)
        var first = Buffer()
        swap(&first, &early)
        tunnel.start(
            downstream: SocketEnd(socket, worker: worker, isDownstream: true),
            upstream: upstream, fromClient: first, fromUpstream: opening.early)
    }

    override func openingFailed(_ opening: Opening, _ error: DialFailure) {
        self.opening = nil
        endpoint?.connectionClosed()
        failed(error)
    }

    /// Of the route's first destination, as Istio builds it, and not of the one that was drawn.
    private var lifetime: TunnelLifetime {
        let said = ruling?.pool?.lifetime
        return TunnelLifetime(
            idleMs: said?.tcpIdleMs.map(UInt64.init) ?? worker.settings.limits.tunnelIdleMs,
            durationMs: UInt64(said?.durationMs ?? 0))
    }

    private func failed(_ failure: DialFailure) {
        failureReason = failure.reason
        if failure.kind != .credential { endpoint?.broke() }
        end(.upstreamConnectionFailure)
    }

    /// Closes the client's connection without a byte.
    private func end(_ flags: ResponseFlags) {
        self.flags = flags
        client.close(worker.loop)
        over()
    }

    fileprivate func tunnelExpired(_ expiry: TunnelExpiry) {
        switch expiry {
        case .idle: cluster?.stats.add(.upstreamCxIdleTimeout)
        case .duration: flags.formUnion(.durationTimeout)
        }
    }

    /// Counts what has moved since the last time.
    fileprivate func tunnelMoves(_ tunnel: Tunnel) {
        let received = tunnel.bytesReceived - bytesReceived
        let sent = tunnel.bytesSent - bytesSent
        bytesReceived = tunnel.bytesReceived
        bytesSent = tunnel.bytesSent
        let series = series
        series.recordReceived(bytes: received)
        series.recordSent(bytes: sent)
        cluster?.stats.add(.upstreamCxTxBytesTotal, received)
        cluster?.stats.add(.upstreamCxRxBytesTotal, sent)
    }

    fileprivate func tunnelEnded(_ tunnel: Tunnel) {
        tunnelMoves(tunnel)
        endpoint?.connectionClosed()
        over()
    }

    private func over() {
        endpoint?.activeRequests -= 1
        if let mark { worker.unmark(mark) }
        listener.connectionClosed()
        record()
    }

    private var series: TCPSeries {
        worker.metrics.tcpSeries(
            labels: worker.labels(
                cluster, endpoint, flags: flags, on: listener, from: identity))
    }

    private func record() {
        let series = series
        if !wasOpened { series.recordOpened() }
        series.recordClosed()
        worker.log?.write(
            TCPLogRecord(
                startWallNs: startWallNs,
                durationMs: (worker.loop.nowNs &- startNs) / 1_000_000, peer: peer,
                called: called, listener: listener, identity: identity, tls: tls,
                serverName: serverName, cluster: cluster,
                upstreamAddress: upstreamAddress, flags: flags, failureReason: failureReason,
                bytesReceived: bytesReceived, bytesSent: bytesSent))
    }
}

private final class TCPTunnel: TunnelOwner {
    private let connection: TCPConnection

    init(_ connection: TCPConnection) {
        self.connection = connection
    }

    override func tunnelEnded(_ tunnel: Tunnel) {
        connection.tunnelEnded(tunnel)
    }

    override func tunnelMoves(_ tunnel: Tunnel) {
        connection.tunnelMoves(tunnel)
    }

    override var acceptedBy: Listener? { connection.listener }

    override func tunnelExpired(_ expiry: TunnelExpiry) {
        connection.tunnelExpired(expiry)
    }
}
