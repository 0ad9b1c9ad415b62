// One endpoint as one worker sees it: requests under way, and connections waiting for the next.
import Mesh
import Net
import Telemetry

final class EndpointState {
    private(set) var endpoint: Endpoint
    let address: SocketAddress
    unowned let cluster: ClusterState
    var activeRequests = 0
    var requestsTotal: UInt64 = 0
    var errorsTotal: UInt64 = 0
    var connectionsTotal: UInt64 = 0
    var connectFailuresTotal: UInt64 = 0
    private(set) var isRetired = false
    /// Last in, first out: the connection used last is the least likely to be stale.
    private var idle: ContiguousArray<UpstreamConnection> = []
    /// Series of answers by status and flags; nearly always the first one.
    var series: ContiguousArray<SeriesEntry> = []

    struct SeriesEntry {
        var status: UInt16
        var flags: ResponseFlags
        var isGRPC: Bool
        var series: RequestSeries
    }

    init(_ endpoint: Endpoint, address: SocketAddress, cluster: ClusterState) {
        self.endpoint = endpoint
        self.address = address
        self.cluster = cluster
    }

    func adopt(_ next: Endpoint) {
        if endpoint.workload != next.workload { series.removeAll() }
        endpoint = next
    }

    /// Pooled and waiting.
    var idleCount: Int { idle.count }

    func takeIdle() -> UpstreamConnection? {
        idle.popLast()
    }

    /// False when the connection is not wanted any more.
    func keepIdle(_ connection: UpstreamConnection) -> Bool {
        guard !isRetired, idle.count < cluster.worker.settings.limits.upstreamIdleConnectionsMax
        else { return false }
        idle.append(connection)
        return true
    }

    func removeIdle(_ connection: UpstreamConnection) {
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
    }

    /// One pooled connection was stale, so its neighbours may be as well.
    func dropIdle() {
        let all = idle
        idle.removeAll()
        for connection in all { connection.closeIdle() }
    }

    /// No new requests come here.
    func retire() {
        isRetired = true
        dropIdle()
    }
}
