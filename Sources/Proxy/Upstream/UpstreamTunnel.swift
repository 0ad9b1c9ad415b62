// What a CONNECT asks for: a connection to an endpoint that carries this client's bytes alone.
// It is never pooled, and there is no request to send: as soon as it stands, both sides become a
// tunnel (RFC 9110 section 9.3.6).
import HTTP
import Mesh
import Net
import TLS
import Telemetry

final class UpstreamTunnel: UpstreamStream {
    /// nil once it is decided.
    private var opening: Opening?

    static func open(
        to endpoint: EndpointState, _ security: UpstreamSecurity?, for ends: ClientEnds?
    ) throws(DialFailure) -> UpstreamTunnel {
        let tunnel = UpstreamTunnel(endpoint: endpoint, worker: endpoint.cluster.worker)
        tunnel.opening = try Opening.begin(
            for: tunnel, to: endpoint, security, inside: .bytes, for: ends)
        return tunnel
    }

    override var stands: Bool { false }

    override func begin(_ exchange: Exchange) {
        self.exchange = exchange
        exchange.claims.wait(in: endpoint.cluster)
        if endpoint.rotation != nil { exchange.upstreamAddress = opening?.address }
    }

    /// What the client says waits for the tunnel; over HTTP/2 there may be a window full of it.
    override func sendBody(_ bytes: ByteView) { exchange?.keep(bytes) }
    override var canTakeBody: Bool { false }

    override func opened(_ opening: Opening, _ readiness: Readiness) {
        self.opening = nil
        let end = opening.takeEnd()
        guard let exchange else {
            end.close()
            endpoint.connectionClosed()
            return
        }
        self.exchange = nil
        exchange.claims.waitEnded()
        // Bytes are all there is to be seen of it.
        endpoint.connected(isAll: true)
        if endpoint.rotation != nil { exchange.upstreamAddress = opening.address }
        exchange.tunnelStands(end, endpoint: endpoint, early: opening.early.readable)
    }

    override func openingFailed(_ opening: Opening, _ error: DialFailure) {
        self.opening = nil
        let exchange = exchange
        self.exchange = nil
        endpoint.connectionClosed()
        noteFailure(error.failure)
        exchange?.upstreamFailed(error.failure, reason: error.reason)
        endpoint.failLine(error.failure, reason: error.reason)
    }

    override func abandon() {
        exchange = nil
        guard let opening else { return }
        self.opening = nil
        opening.cancel()
        endpoint.connectionClosed()
    }
}
