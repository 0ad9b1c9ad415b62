// An exchange whose answer was 101: both connections become a tunnel (RFC 9110 section 7.8). The
// exchange stays until the tunnel ends, for its log line and its metrics.
import HTTP
import Net
import Telemetry

extension Exchange {
    func becomeTunnel(
        upstream: Int32, endpoint: EndpointState, early: ByteView, unsent: consuming Buffer
    ) {
        guard let client, !isFinished else {
            Socket.close(upstream)
            endpoint.cluster.stats.subtract(.upstreamCxActive)
            return
        }
        let listener = client.listener
        listener.httpStats.add(.downstreamCxUpgradesTotal)
        listener.httpStats.add(.downstreamCxUpgradesActive)
        var fromUpstream = Buffer()
        fromUpstream.append(early)
        var unread = Buffer()
        var unwritten = Buffer()
        let descriptor = client.handOver(unread: &unread, unsent: &unwritten)
        // What the client has not taken of the 101 head goes before anything from the upstream.
        var toClient = Buffer()
        toClient.append(unwritten.readable)
        toClient.append(fromUpstream.readable)
        var toUpstream = Buffer()
        toUpstream.append(unsent.readable)
        toUpstream.append(unread.readable)
        let tunnel = Tunnel(
            worker: worker, owner: UpgradeTunnel(self, listener: listener, endpoint: endpoint))
        tunnel.start(
            client: descriptor, upstream: upstream, fromClient: toUpstream,
            fromUpstream: toClient)
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
