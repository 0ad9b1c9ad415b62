// The request on its way up: an endpoint, and a connection to it.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    func send(to cluster: ClusterState) {
        if let hash = cluster.cluster.balance?.hash { wish.hash = self.hash(by: hash.key) }
        guard let endpoint = cluster.pick(wish) else {
            cluster.stats.add(.upstreamCxNoneHealthy)
            transportReason = cluster.nameProblem
            reply(Reply(.noHealthyUpstream))
            return
        }
        self.endpoint = endpoint
        if let forward, !forward.policy.mirrors.isEmpty { mirror(by: forward.policy.mirrors) }
        endpoint.activeRequests += 1
        endpoint.requestsTotal += 1
        reach(endpoint, fresh: false)
    }

    /// Takes a pooled connection or makes one. `fresh`: a new one in any case.
    func reach(_ endpoint: EndpointState, fresh: Bool) {
        do throws(DialFailure) {
            guard endpoint.cluster.limits == nil else {
                try reachWithinLimits(endpoint, fresh: fresh)
                return
            }
            let security = try security(of: endpoint)
            if !fresh, let pooled = pooled(endpoint, security) {
                attach(pooled)
            } else {
                attach(try dial(endpoint, security))
            }
        } catch {
            transportReason = error.reason
            reply(Reply(.remoteConnectionFailure))
        }
    }

    /// One that is there: it stands, or it is being made and takes more than one request.
    func pooled(_ endpoint: EndpointState, _ security: UpstreamSecurity?) -> UpstreamStream? {
        if asksForTunnel { return nil }
        if request.wantsUpgrade, let connection = endpoint.connectionForTunnel(security) {
            return H2UpstreamStream(on: connection)
        }
        if speaksHTTP2(endpoint) {
            return endpoint.connectionWithRoom(security).map { H2UpstreamStream(on: $0) }
        }
        return endpoint.takeIdle(security)
    }

    /// A new one; the caller has a place for it.
    func dial(
        _ endpoint: EndpointState, _ security: UpstreamSecurity?
    ) throws(DialFailure) -> UpstreamStream {
        if asksForTunnel { return try UpstreamTunnel.open(to: endpoint, security, worker: worker) }
        guard speaksHTTP2(endpoint) else {
            return try UpstreamConnection.open(to: endpoint, security, worker: worker)
        }
        let connection = try H2UpstreamConnection.open(to: endpoint, security, worker: worker)
        endpoint.add(connection)
        return H2UpstreamStream(on: connection)
    }

    /// nil: in the clear.
    func security(of endpoint: EndpointState) throws(DialFailure) -> UpstreamSecurity? {
        guard endpoint.endpoint.tls != nil else { return nil }
        do throws(DialFailure) {
            // A stream of bytes has no authority: without a name of its own it asks for none.
            if asksForTunnel { return try endpoint.security(for: .empty).get() }
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

    func attach(_ stream: UpstreamStream) {
        upstream = stream
        stream.begin(self)
    }
}
