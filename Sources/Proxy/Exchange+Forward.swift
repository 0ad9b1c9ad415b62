// The request on its way up: an endpoint, and a connection to it.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    func send(to cluster: ClusterState) {
        if let hash = cluster.cluster.balance?.hash { wish.hash = self.hash(by: hash.key) }
        if cluster.cluster.original != nil { wish.destination = client?.originalDestination }
        if let hosts = cluster.dynamic, wish.destination == nil {
            guard findsHost(in: hosts, of: cluster) else { return }
        }
        guard let endpoint = cluster.pick(wish) else {
            cluster.stats.add(.upstreamCxNoneHealthy)
            transportReason = cluster.nameProblem
            reply(Reply(.noHealthyUpstream))
            return
        }
        enter(endpoint)
        if let forward, !forward.policy.mirrors.isEmpty, tries.isFirst {
            mirror(by: forward.policy.mirrors)
        }
        // What came of the body while there was nobody to send it to.
        if reach(endpoint, fresh: false), hasBody { sendKeptBody() }
    }

    /// Takes a pooled connection or makes one. `fresh`: a new one in any case. False where that
    /// failed, and the exchange may be over and another request's by now.
    func reach(_ endpoint: EndpointState, fresh: Bool) -> Bool {
        do throws(DialFailure) {
            guard endpoint.cluster.limits == nil else {
                return try reachWithinLimits(endpoint, fresh: fresh)
            }
            let security = try security(of: endpoint)
            if !fresh, let pooled = pooled(endpoint, security) {
                attach(pooled)
            } else {
                attach(try dial(endpoint, security))
            }
            return true
        } catch {
            // A certificate of ours that is not there is no endpoint's fault.
            if error.kind != .credential { endpoint.broke() }
            upstreamFailed(.remoteConnectionFailure, reason: error.reason)
            return false
        }
    }

    /// One that is there: it stands, or it is being made and takes more than one request.
    func pooled(_ endpoint: EndpointState, _ security: UpstreamSecurity?) -> UpstreamStream? {
        // A connection with a header belongs to the client that the header names.
        if asksForTunnel || endpoint.cluster.cluster.proxyHeader != nil { return nil }
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
        if endpoint.leadsBack(to: client?.arrivalAddress) { throw endpoint.failed(.loop) }
        let saysWho = endpoint.cluster.cluster.proxyHeader != nil
        let ends =
            saysWho ? ClientEnds(client: client?.peer, called: client?.localAddress) : nil
        if asksForTunnel {
            return try UpstreamTunnel.open(to: endpoint, security, for: ends)
        }
        guard speaksHTTP2(endpoint) else {
            return try UpstreamConnection.open(to: endpoint, security, for: ends)
        }
        let connection = try H2UpstreamConnection.open(to: endpoint, security, for: ends)
        endpoint.add(connection)
        // One request's own: it ends with it.
        if saysWho { connection.retire() }
        return H2UpstreamStream(on: connection)
    }

    /// nil: in the clear.
    func security(of endpoint: EndpointState) throws(DialFailure) -> UpstreamSecurity? {
        guard endpoint.endpoint.tls != nil else { return nil }
        do throws(DialFailure) {
            if asksForTunnel { return try endpoint.securityForBytes().get() }
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
        tries.begun += 1
        cluster?.stats.add(.upstreamRqTotal)
        if hasBody { keepsBody = mayNeedBody(stream) }
        stream.begin(self)
        startTryTimer()
    }

    /// Whether this try's body may have to go out again. Over HTTP/1.1 a request that only a
    /// failure to connect brings back is safe once the connection stands.
    private func mayNeedBody(_ stream: UpstreamStream) -> Bool {
        guard !becomesTunnel, !isMirror else { return false }
        if stream.mayRefuse { return true }
        guard let policy = forward?.policy else { return false }
        return policy.retriesWhatWasSent || !stream.stands && policy.retry != nil
    }

    /// The connection that this try waited for stands.
    func upstreamStands() {
        guard keepsBody, let upstream, !mayNeedBody(upstream) else { return }
        dropReplay()
    }
}
