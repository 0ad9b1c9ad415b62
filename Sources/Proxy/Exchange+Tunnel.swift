// An exchange whose answer was 101: both connections become a tunnel (RFC 9110 section 7.8). The
// exchange stays until the tunnel ends, for its log line and its metrics.
import HTTP
import Net
import Telemetry

extension Exchange {
    /// `early`: what the upstream sent behind its 101.
    func becomeTunnel(
        upstream: consuming StreamSocket, endpoint: EndpointState, early: ByteView
    ) {
        guard let client, !isFinished else {
            upstream.close(worker.loop)
            endpoint.cluster.stats.subtract(.upstreamCxActive)
            return
        }
        let listener = client.listener
        listener.httpStats.add(.downstreamCxUpgradesTotal)
        listener.httpStats.add(.downstreamCxUpgradesActive)
        var fromUpstream = Buffer()
        fromUpstream.append(early)
        var fromClient = Buffer()
        let socket = client.handOver(unread: &fromClient)
        let tunnel = Tunnel(
            worker: worker, owner: UpgradeTunnel(self, listener: listener, endpoint: endpoint))
        tunnel.start(
            client: socket, upstream: upstream, fromClient: fromClient, fromUpstream: fromUpstream)
    }
}

/// Keeps the exchange, and takes the connection out of the counts when the tunnel ends.
private final class UpgradeTunnel: TunnelOwner {
    private let exchange: Exchange
    private let listener: Listener
    private let endpoint: EndpointState

    init(_ exchange: Exchange, listener: Listener, endpoint: EndpointState) {
        self.exchange = exchange
        self.listener = listener
        self.endpoint = endpoint
    }

    override func tunnelEnded(_ tunnel: Tunnel) {
        listener.httpStats.subtract(.downstreamCxUpgradesActive)
        listener.connectionClosed()
        endpoint.cluster.stats.subtract(.upstreamCxActive)
        endpoint.cluster.stats.add(.upstreamCxDestroy)
        exchange.requestBytes = tunnel.bytesReceived
        exchange.responseBytes = tunnel.bytesSent
        exchange.finish()
    }
}
