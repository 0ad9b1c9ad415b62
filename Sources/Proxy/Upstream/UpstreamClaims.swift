// What one try of a request has taken of its cluster's limits. It is given back when the try ends,
// in whatever way: the exchange lets go of its upstream, and with it of these.
import Mesh
import Net
import Telemetry

struct UpstreamClaims {
    /// nil: nothing is taken, nothing counted.
    private var cluster: ClusterState?
    private(set) var isPending = false
    private var pendingIn: ClusterLimits?
    private var requestIn: ClusterLimits?
    private var retryIn: ClusterLimits?

    var isHeld: Bool { cluster != nil }

    /// Takes a place among those that wait for a connection; false when too many do.
    mutating func takePending(of cluster: ClusterState) -> Bool {
        guard !isPending, let limits = cluster.limits else { return true }
        guard limits.pendingRequests.take(max: cluster.bounds.pendingRequests) else { return false }
        pendingIn = limits
        self.cluster = cluster
        return true
    }

    /// Takes a place among the requests under way; false when there are too many.
    mutating func takeRequest(of cluster: ClusterState) -> Bool {
        guard requestIn == nil, let limits = cluster.limits else { return true }
        guard limits.requests.take(max: cluster.bounds.requests) else { return false }
        requestIn = limits
        self.cluster = cluster
        if let interval = cluster.bounds.retryBudget?.intervalMs, interval > 0 {
            limits.recent.add(nowNs: cluster.worker.loop.nowNs, intervalMs: interval)
        }
        return true
    }

    /// Takes a place among the tries made again; false when there are too many.
    mutating func takeRetry(of cluster: ClusterState) -> Bool {
        guard retryIn == nil, let limits = cluster.limits else { return true }
        let requests = limits.requestsForBudget(cluster.bounds, nowNs: cluster.worker.loop.nowNs)
        guard limits.retries.take(max: cluster.bounds.retries(amid: requests)) else {
            return false
        }
        retryIn = limits
        return true
    }

    mutating func giveRetry() {
        retryIn?.retries.give()
        retryIn = nil
    }

    /// No connection stands for it yet.
    mutating func wait(in cluster: ClusterState) {
        guard !isPending else { return }
        isPending = true
        self.cluster = cluster
        cluster.stats.add(.upstreamRqPendingTotal)
        cluster.stats.add(.upstreamRqPendingActive)
    }

    /// A connection stands, or none will.
    mutating func waitEnded() {
        if isPending {
            isPending = false
            cluster?.stats.subtract(.upstreamRqPendingActive)
        }
        pendingIn?.pendingRequests.give()
        pendingIn = nil
        if requestIn == nil { cluster = nil }
    }

    /// The try is over. A place among the retries stays until `giveRetry`.
    mutating func release() {
        waitEnded()
        requestIn?.requests.give()
        requestIn = nil
        cluster = nil
    }
}
