// A connection on a TCP listener: an endpoint is chosen, dialled, and the two become a tunnel.
// The client's handshake is complete before we dial, so a failure can only be a close.
import Mesh
import Net
import TLS
import Telemetry

final class TCPConnection: Pollable {
    private let worker: Worker
    private let listener: Listener
    let peer: SocketAddress
    private var client: StreamSocket
    /// What was read of the client's bytes before an endpoint was chosen.
    private var early = Buffer()
    private var upstream: Int32 = -1
    private var cluster: ClusterState?
    private var endpoint: EndpointState?
    private var timer = TimerID.none
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
        connection.dial(route)
    }

    private func dial(_ route: TCPRoute) {
        let index = worker.draw(route.destinations, totalWeight: route.totalWeight)
        guard let clusterIndex = route.destinations[index].cluster else {
            end(.noClusterFound)
            return
        }
        let cluster = worker.cluster(at: clusterIndex)
        self.cluster = cluster
        guard let endpoint = cluster.pick() else {
            cluster.stats.add(.upstreamCxNoneHealthy)
            end(.noHealthyUpstream)
            return
        }
        self.endpoint = endpoint
        endpoint.activeRequests += 1
        endpoint.requestsTotal += 1
        endpoint.connectionsTotal += 1
        switch Socket.connect(to: endpoint.address) {
        case .connected(let raw):
            upstream = raw
            cluster.stats.add(.upstreamCxTotal)
            cluster.stats.add(.upstreamCxActive)
            connected()
        case .inProgress(let raw):
            upstream = raw
            cluster.stats.add(.upstreamCxTotal)
            cluster.stats.add(.upstreamCxActive)
            do throws(NetError) {
                try worker.loop.add(self, descriptor: raw, for: .stream)
            } catch {
                failed(error.reason)
                return
            }
            timer = worker.loop.timers.schedule(
                afterMs: UInt64(cluster.cluster.connectTimeoutMs), target: self, tag: 0)
        case .failed(let code):
            failed(NetError.text(code))
        }
    }

    override func ready(_ readiness: Readiness) {
        worker.loop.timers.cancel(timer)
        worker.loop.remove(descriptor: upstream)
        let code = Socket.pendingError(upstream)
        if code == 0 { connected() } else { failed(NetError.text(code)) }
    }

    override func timerFired(tag: UInt8) {
        worker.loop.remove(descriptor: upstream)
        cluster?.stats.add(.upstreamCxConnectTimeout)
        failed("connection timeout")
    }

    private func connected() {
        wasOpened = true
        series.recordOpened()
        let tunnel = Tunnel(worker: worker, owner: TCPTunnel(self))
        var socket = StreamSocket(-1)
        swap(&socket, &client)
        var first = Buffer()
        swap(&first, &early)
        let upstream = upstream
        self.upstream = -1
        tunnel.start(
            client: socket, upstream: StreamSocket(upstream), fromClient: first,
            fromUpstream: Buffer())
    }

    private func failed(_ reason: String) {
        failureReason = reason
        cluster?.stats.add(.upstreamCxConnectFail)
        end(.upstreamConnectionFailure)
    }

    /// Closes the client's connection without a byte.
    private func end(_ flags: ResponseFlags) {
        self.flags = flags
        if upstream >= 0 {
            Socket.close(upstream)
            upstream = -1
            cluster?.stats.subtract(.upstreamCxActive)
        }
        client.close(worker.loop)
        over()
    }

    fileprivate func tunnelEnded(_ tunnel: Tunnel) {
        bytesReceived = tunnel.bytesReceived
        bytesSent = tunnel.bytesSent
        if let cluster {
            cluster.stats.subtract(.upstreamCxActive)
            cluster.stats.add(.upstreamCxDestroy)
            cluster.stats.add(.upstreamCxTxBytesTotal, tunnel.bytesReceived)
            cluster.stats.add(.upstreamCxRxBytesTotal, tunnel.bytesSent)
        }
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
        series.recordReceived(bytes: bytesReceived)
        series.recordSent(bytes: bytesSent)
        worker.log?.write(
            TCPLogRecord(
                startWallNs: startWallNs,
                durationMs: (worker.loop.nowNs &- startNs) / 1_000_000, peer: peer,
                listener: listener, identity: identity, tls: tls, cluster: cluster,
                endpoint: endpoint, flags: flags, failureReason: failureReason,
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
}
