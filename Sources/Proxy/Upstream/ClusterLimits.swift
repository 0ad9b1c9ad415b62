// What the workers share about one cluster whose connections or requests are limited.
// Limits are promises about the process (`maxConnections: 1` is one connection, however many
// workers there are), so these numbers are the few that every loop writes. Clusters without limits
// have none of this.
import Mesh
import Net
import Synchronization

final class ClusterLimits: Sendable {
    let connections = Tally()
    let pendingRequests = Tally()
    let requests = Tally()
    let retries = Tally()
    /// Counted for retry budgets with an interval alone.
    let recent = RequestWindow()
    /// Endpoints of workers at which requests wait and no connection of that worker is there or
    /// being made.
    let starving = Atomic<Int>(0)
    let workers = Assembly<ClusterState>()
    let endpoints = SharedDirectory<EndpointKey, EndpointLimits>()

    /// The requests that a retry budget is a share of: those that wait or are under way, or those
    /// of its interval where it has one (Envoy's RetryBudgetImpl).
    func requestsForBudget(_ bounds: PoolPolicy.Limits, nowNs: UInt64) -> UInt64 {
        if let interval = bounds.retryBudget?.intervalMs, interval > 0 {
            return recent.count(nowNs: nowNs, intervalMs: interval)
        }
        return UInt64(requests.value) + UInt64(pendingRequests.value)
    }
}

/// The same for one endpoint.
final class EndpointLimits: Sendable {
    let connections = Tally()
    let starving = Atomic<Int>(0)

    /// Takes a place for a connection, in the cluster and here. An endpoint that nobody is
    /// connected to may always have one (Envoy's pools): or requests would wait there for ever.
    func takeConnection(of cluster: ClusterLimits, max: UInt32) -> Bool {
        if connections.take(max: 1) {
            cluster.connections.add()
            return true
        }
        guard cluster.connections.take(max: max) else { return false }
        connections.add()
        return true
    }

    func giveConnection(of cluster: ClusterLimits) {
        connections.give()
        cluster.connections.give()
    }
}
