// A request to a cluster with limits: it takes its place among those that wait and those under way,
// or it is told at once that there is none.
// What counts, and when, is Envoy's (conn_pool_base.cc): who finds no connection that stands is
// pending, also while its own is being made.
import HTTP
import Net
import Telemetry

extension Exchange {
    /// What becomes of the look for a connection.
    enum Search {
        case connection(UpstreamStream)
        /// There is none, and no room for one.
        case none
        /// Too many requests wait or are under way.
        case overflow
    }

    /// False where the request has been answered.
    func reachWithinLimits(
        _ endpoint: EndpointState, fresh: Bool
    ) throws(DialFailure) -> Bool {
        let cluster = endpoint.cluster
        var found = Search.none
        if endpoint.hasWaiting, !fresh {
            // Who waits was here first.
            if !claims.takePending(of: cluster) { found = .overflow }
        } else {
            found = try findConnection(at: endpoint, fresh: fresh)
            if case .none = found { cluster.stats.add(.upstreamCxOverflow) }
        }
        switch found {
        case .connection(let stream): attach(stream)
        case .none: attach(WaitingStream(endpoint: endpoint, worker: worker))
        case .overflow:
            cluster.stats.add(.upstreamRqPendingOverflow)
            reply(Reply(.overflow))
            return false
        }
        return true
    }

    /// A connection for this request and all the places it needs; or none, and then it has its
    /// place among those that wait.
    func findConnection(at endpoint: EndpointState, fresh: Bool) throws(DialFailure) -> Search {
        let cluster = endpoint.cluster
        let security = try security(of: endpoint)
        if !fresh, let stream = pooled(endpoint, security) {
            guard stream.stands || claims.takePending(of: cluster),
                claims.takeRequest(of: cluster)
            else {
                if let connection = stream as? UpstreamConnection,
                    !endpoint.keepIdle(connection)
                {
                    connection.closeIdle()
                }
                return .overflow
            }
            return .connection(stream)
        }
        guard claims.takePending(of: cluster) else { return .overflow }
        guard admitsConnection(endpoint, security) else { return .none }
        guard claims.takeRequest(of: cluster) else {
            endpoint.returnAdmission()
            return .overflow
        }
        do throws(DialFailure) {
            return .connection(try dial(endpoint, security))
        } catch {
            endpoint.returnAdmission()
            throw error
        }
    }

    /// A pooled connection to the same endpoint that is encrypted for another name gives way: it
    /// could hold the last place for as long as it idles.
    private func admitsConnection(
        _ endpoint: EndpointState, _ security: UpstreamSecurity?
    ) -> Bool {
        endpoint.admitConnection()
            || endpoint.dropIdle(notFor: security) && endpoint.admitConnection()
    }
}
