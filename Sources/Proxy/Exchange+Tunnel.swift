// An exchange whose answer switched protocols: both sides become a tunnel (RFC 9110 section 7.8,
// RFC 8441), or that was for a tunnel from the start (CONNECT). The exchange stays until the tunnel
// ends, for its log line and its metrics.
import HTTP
import Net
import Telemetry

extension Exchange {
    /// The upstream goes on as a tunnel's end: the request stays under way as long as that.
    func leaveUpstreamForTunnel() {
        let kept = claims
        claims = UpstreamClaims()
        upstream = nil
        claims = kept
    }

    /// The endpoint that a CONNECT asked for is reached.
    func tunnelStands(_ upstream: TunnelEnd, endpoint: EndpointState, early: ByteView) {
        leaveUpstreamForTunnel()
        response.reset()
        response.status = 200
        response.framing = .none
        responseArrived()
        flushResponse()
        becomeTunnel(upstream: upstream, endpoint: endpoint, early: early)
    }

    /// - Parameters:
    ///   - upstream: the endpoint's end, whose head has been passed on.
    ///   - early: what the endpoint sent behind it.
    func becomeTunnel(upstream: TunnelEnd, endpoint: EndpointState, early: ByteView) {
        guard let client, !isFinished else {
            upstream.close()
            return
        }
        let listener = client.listener
        listener.httpStats.add(.downstreamCxUpgradesTotal)
        listener.httpStats.add(.downstreamCxUpgradesActive)
        var fromUpstream = Buffer()
        fromUpstream.append(early)
        // What the client sent before it had an answer waits here.
        var fromClient = Buffer()
        worker.replayBytes -= replay.count
        swap(&fromClient, &replay)
        // A tunnel is no answer that could take too long.
        cancelTimers()
        let owner = UpgradeTunnel(
            self, listener: listener, endpoint: endpoint, upstream: upstream)
        guard let downstream = client.becomeTunnelEnd(unread: &fromClient) else {
            upstream.close()
            owner.over()
            return
        }
        owner.ownsClient = downstream is SocketEnd
        Tunnel(worker: worker, owner: owner).start(
            downstream: downstream, upstream: upstream, fromClient: fromClient,
            fromUpstream: fromUpstream)
    }
}

/// Keeps the exchange, and takes the connections out of the counts when the tunnel ends.
private final class UpgradeTunnel: TunnelOwner {
    private let exchange: Exchange
    private let listener: Listener
    private let endpoint: EndpointState
    private let ownsUpstream: Bool
    /// Streams leave their connections in the counts.
    var ownsClient = false

    init(
        _ exchange: Exchange, listener: Listener, endpoint: EndpointState, upstream: TunnelEnd
    ) {
        self.exchange = exchange
        self.listener = listener
        self.endpoint = endpoint
        ownsUpstream = upstream is SocketEnd
    }

    override var acceptedBy: Listener? { listener }

    override func tunnelEnded(_ tunnel: Tunnel) {
        exchange.requestBytes = tunnel.bytesReceived
        exchange.responseBytes = tunnel.bytesSent
        over()
    }

    func over() {
        listener.httpStats.subtract(.downstreamCxUpgradesActive)
        if ownsClient { listener.connectionClosed() }
        if ownsUpstream {
            endpoint.connectionClosed()
        }
        exchange.finish()
    }
}
