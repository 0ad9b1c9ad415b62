// The request on its way up: an endpoint, and a connection to it.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    func send(to cluster: ClusterState) {
        guard let endpoint = cluster.pick(wish) else {
            cluster.stats.add(.upstreamCxNoneHealthy)
            reply(Reply(.noHealthyUpstream))
            return
        }
        self.endpoint = endpoint
        endpoint.activeRequests += 1
        endpoint.requestsTotal += 1
        reach(endpoint, fresh: false)
    }

    /// Takes a pooled connection or makes one. `fresh`: a new one in any case.
    func reach(_ endpoint: EndpointState, fresh: Bool) {
        do throws(DialFailure) {
            let security = try security(of: endpoint)
            if request.wantsUpgrade, !fresh,
                let connection = endpoint.connectionForTunnel(security)
            {
                attach(H2UpstreamStream(on: connection))
            } else if speaksHTTP2(endpoint) {
                attach(H2UpstreamStream(on: try multiplexed(endpoint, security, fresh)))
            } else if !fresh, let pooled = endpoint.takeIdle(security) {
                attach(pooled)
            } else {
                attach(try UpstreamConnection.open(to: endpoint, security, worker: worker))
            }
        } catch {
            transportReason = error.reason
            reply(Reply(.remoteConnectionFailure))
        }
    }

    /// nil: in the clear.
    private func security(of endpoint: EndpointState) throws(DialFailure) -> UpstreamSecurity? {
        guard endpoint.endpoint.tls != nil else { return nil }
        do throws(DialFailure) {
            return try withUpstreamAuthority { endpoint.security(for: $0) }.get()
        } catch {
            throw endpoint.failed(error)
        }
    }

    private func speaksHTTP2(_ endpoint: EndpointState) -> Bool {
        switch endpoint.cluster.cluster.upstreamProtocol {
        case .http1: false
        case .http2: !request.wantsUpgrade
        case .asClient: request.isHTTP2 && !request.wantsUpgrade
        }
    }

    private func multiplexed(
        _ endpoint: EndpointState, _ security: UpstreamSecurity?, _ fresh: Bool
    ) throws(DialFailure) -> H2UpstreamConnection {
        if !fresh, let open = endpoint.connectionWithRoom(security) { return open }
        let connection = try H2UpstreamConnection.open(to: endpoint, security, worker: worker)
        endpoint.add(connection)
        return connection
    }

    private func attach(_ stream: UpstreamStream) {
        upstream = stream
        stream.begin(self)
    }
}
