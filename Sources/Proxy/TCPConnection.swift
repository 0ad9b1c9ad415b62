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
    private var endpoint: EndpointState?
    /// Where the connection goes: one of the endpoint's addresses.
    private var upstreamAddress: SocketAddress?
    /// Who the client is, where it showed a certificate.
    private let identity: PeerIdentity?
    private let tls: TLSStream?
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
        route: TCPRoute?, early: consuming Buffer = Buffer()
    ) {
        let connection = TCPConnection(client, peer: peer, listener: listener)
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
        guard let endpoint = cluster.pick(wish) else {
            cluster.stats.add(.upstreamCxNoneHealthy)
            failureReason = cluster.nameProblem
            end(.noHealthyUpstream)
            return
        }
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
            // A stream of bytes has no authority: without a name of its own it asks for none.
            security = try endpoint.security(for: .empty).get()
        } catch {
            throw endpoint.failed(error)
        }
        let saysWho = endpoint.cluster.cluster.proxyHeader != nil
        let ends =
            saysWho
            ? ClientEnds(client: peer, called: Socket.localAddress(client.descriptor)) : nil
        return try Opening.begin(for: self, to: endpoint, security, inside: .bytes, for: ends)
    }

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
                listener: listener, identity: identity, tls: tls, cluster: cluster,
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
