// The request on its way up: an endpoint, a connection to it, and the head it gets.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    func send(to cluster: ClusterState) {
        guard let endpoint = cluster.pick() else {
            cluster.stats.add(.upstreamCxNoneHealthy)
            reply(Reply(.noHealthyUpstream))
            return
        }
        self.endpoint = endpoint
        endpoint.activeRequests += 1
        endpoint.requestsTotal += 1
        if let pooled = endpoint.takeIdle() {
            attach(pooled)
        } else {
            connect(endpoint)
        }
    }

    private func connect(_ endpoint: EndpointState) {
        switch UpstreamConnection.open(to: endpoint, worker: worker) {
        case .connection(let connection): attach(connection)
        case .failed(let reason):
            transportReason = reason
            reply(Reply(.remoteConnectionFailure))
        }
    }

    private func attach(_ connection: UpstreamConnection) {
        upstream = connection
        let loop = worker.loop
        loop.outgoing.removeAll()
        writeUpstreamHead()
        connection.begin(self, head: loop.outgoing.readable)
        loop.outgoing.removeAll()
    }

    /// The upstream's connection was closed while it idled in the pool: nothing of this request was
    /// acted on, so it may go out once more on a fresh one (RFC 9110 section 9.2.2). False when it
    /// cannot be sent again.
    func retryOnFreshConnection() -> Bool {
        guard !isRetry, !hasBody, !answerBegan, request.method.isIdempotent, let endpoint else {
            return false
        }
        isRetry = true
        upstream = nil
        endpoint.dropIdle()
        if endpoint.isRetired, let other = cluster?.pick() {
            // It left the configuration meanwhile; whoever took its place is asked.
            endpoint.activeRequests -= 1
            other.activeRequests += 1
            other.requestsTotal += 1
            self.endpoint = other
            connect(other)
        } else {
            connect(endpoint)
        }
        return true
    }

    private func writeUpstreamHead() {
        guard let forward, let client else { return }
        let destination = forward.destinations[destinationIndex]
        let mutations = routeHeaders
        dropEdgeFields()
        if let mutations { apply(mutations.request) }
        if let headers = destination.headers { apply(headers.request) }

        let loop = worker.loop
        loop.outgoing.append(request.methodBytes)
        loop.outgoing.append(0x20)
        loop.outgoing.append(upstreamPath)
        loop.outgoing.append(queryWithMark)
        loop.outgoing.append(" HTTP/1.1\r\n")
        writeHost(rewritten(forward, destination, mutations))
        request.appendKeptFields(to: &loop.outgoing)
        appendAdded(
            route: mutations?.request, destination: destination.headers?.request,
            to: &loop.outgoing)
        writeEdgeFields(client)
        if request.framing == .chunked { loop.outgoing.append("transfer-encoding: chunked\r\n") }
        if request.isHTTP2 { writeEmptyLength() }
        if request.restatedLength >= 0 {
            loop.outgoing.append("content-length: ")
            loop.outgoing.append(decimal: UInt64(request.restatedLength))
            loop.outgoing.append("\r\n")
        }
        if request.wantsUpgrade, let name = request.value(of: .upgrade) {
            loop.outgoing.append("connection: upgrade\r\nupgrade: ")
            loop.outgoing.append(name)
            loop.outgoing.append("\r\n")
        }
        loop.outgoing.append("\r\n")
    }

    /// HTTP/2 says by frames that there is no body; HTTP/1 servers expect a field where a body is
    /// usual (RFC 9110 section 8.6).
    private func writeEmptyLength() {
        guard !hasBody, request.method == .post || request.method == .put,
            request.index(of: .contentLength) < 0
        else { return }
        worker.loop.outgoing.append("content-length: 0\r\n")
    }

    /// Precedence: rewrite.authority, then the route's header operations, then the destination's.
    private func rewritten(
        _ forward: Forward, _ destination: WeightedDestination, _ mutations: HeaderMutations?
    ) -> [UInt8]? {
        forward.rewrite?.authority ?? mutations?.authority ?? destination.headers?.authority
    }

    private func writeHost(_ rewritten: [UInt8]?) {
        let hostIndex = request.hostIndex
        let isKept =
            rewritten == nil && request.targetForm != .absolute
            && !(request.isHTTP2 && (hostIndex < 0 || request.fields[hostIndex].isDropped))
        if hostIndex >= 0 { request.fields[hostIndex].isDropped = !isKept }
        guard !isKept else { return }
        let loop = worker.loop
        loop.outgoing.append("host: ")
        if let rewritten {
            loop.outgoing.append(rewritten)
        } else {
            // RFC 9112 section 3.2.2: the target's authority replaces the Host sent with it.
            loop.outgoing.append(request.authorityBytes)
        }
        loop.outgoing.append("\r\n")
    }
}
