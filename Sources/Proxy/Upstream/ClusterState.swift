// What one worker knows about a cluster beyond its configuration: endpoints with their pools, the
// balancer's place, counters. It outlives snapshots as long as the cluster keeps its name.
import Mesh
import Net
import Telemetry

final class ClusterState {
    private(set) var cluster: Cluster
    let worker: Worker
    let stats: ClusterStats
    /// Where connections begin: beside the workload, where it is in a namespace of its own and this
    /// leads to it; nil for this process's own.
    let place: SocketSupply?
    private(set) var endpoints: ContiguousArray<EndpointState> = []
    /// Those that are not ejected.
    private(set) var available: ContiguousArray<EndpointState> = []
    private var balancer = Balancer()
    /// What all workers count together; nil: nothing is limited.
    var limits: ClusterLimits?
    var limitsSeat: Seat<ClusterState>?
    /// How far it may go; see `limits`.
    var bounds = PoolPolicy.Limits()
    /// How long connections to it live.
    private(set) var lifetime = ConnectionLifetime()
    /// Which endpoints all workers leave out; nil: no outlier is looked for.
    var health: ClusterHealth?
    var healthSeat: Seat<ClusterState>?
    var watch: HealthWatch?
    /// See `protectionStats`.
    var protection: ProtectionStats?
    /// Made when there is something that could have to be done later.
    var errands: ClusterErrands?
    /// Of a cluster with a BalancePolicy; it decides instead of `balancer`.
    private var choice: EndpointChoice?
    /// Where connections went that go where the client meant them to, by address.
    var originals: [SocketAddress: EndpointState] = [:]
    /// Hosts that requests have named; nil where endpoints are known. Kept by
    /// ClusterState+Dynamic.swift.
    var dynamic: DynamicHostTable?

    init(_ cluster: Cluster, worker: Worker) {
        self.cluster = cluster
        self.worker = worker
        place = cluster.leadsToOwnWorkload ? worker.settings.workloadSockets : nil
        stats = worker.metrics.cluster(cluster.name)
        adopt(cluster)
    }

    /// Endpoints that stay keep their connections; those that are gone finish what they have.
    func adopt(_ next: Cluster) {
        let isPoolAlike = cluster.pool == next.pool
        cluster = next
        lifetime = ConnectionLifetime(
            next.pool, defaultIdleMs: worker.settings.limits.upstreamIdleMs)
        adoptLimits(next.pool?.limits)
        adoptHealth(next.outliers)
        var known: [SocketAddress: EndpointState] = [:]
        for endpoint in endpoints { known[endpoint.address] = endpoint }
        var states: ContiguousArray<EndpointState> = []
        states.reserveCapacity(next.endpoints.count)
        for place in places(of: next) {
            let state: EndpointState
            if let present = known.removeValue(forKey: place.address) {
                state = present
                state.adopt(place.endpoint)
            } else {
                state = EndpointState(place.endpoint, address: place.address, cluster: self)
            }
            state.adopt(place.rotation)
            states.append(state)
        }
        for gone in known.values { gone.retire() }
        adoptOriginals()
        adoptDynamic()
        if endpoints.count != states.count || !known.isEmpty { stats.add(.membershipChange) }
        endpoints = states
        if limits != nil { for endpoint in calledEndpoints { endpoint.enterLimits() } }
        if let health {
            for endpoint in states + (dynamic?.endpoints ?? []) { endpoint.enterHealth() }
            noteEjections(health)
        }
        stats.set(.membershipTotal, to: UInt64(states.count))
        choice = next.balance.map { EndpointChoice($0, next, states) }
        healthChanged()
        // Connections live by the settings they were made with: those that wait are made anew.
        if !isPoolAlike { for endpoint in calledEndpoints { endpoint.dropIdle() } }
    }

    /// Its endpoints, and those that calls have brought.
    var calledEndpoints: ContiguousArray<EndpointState> {
        if originals.isEmpty, dynamic == nil { return endpoints }
        return endpoints + originals.values + (dynamic?.endpoints ?? [])
    }

    /// An endpoint was ejected, or came back.
    func healthChanged() {
        available = endpoints.filter { !$0.isEjected }
        stats.set(.membershipHealthy, to: UInt64(available.count))
        if let percent = cluster.outliers?.minHealthPercent,
            100 * available.count < Int(percent) * endpoints.count
        {
            // Envoy's panic: too few are left to bear the load, so failing ones are asked as well.
            available = endpoints
        }
        if let choice {
            choice.healthChanged(nowNs: worker.loop.nowNs)
        } else {
            balancer.adopt(available)
        }
    }

    /// The cluster left the configuration.
    func retire() {
        leaveLimits()
        leaveHealth()
        for endpoint in endpoints { endpoint.retire() }
        retireOriginals()
        dynamic?.retire()
        // Who waits goes on without limits.
        scheduleErrands()
        // They know each other; what is under way holds its endpoint itself.
        errands = nil
        endpoints.removeAll()
        available.removeAll()
        choice = nil
    }

    /// Times a choice is made anew when it falls on somebody who was asked before (Istio's
    /// `host_selection_retry_max_attempts`). In Envoy it stands then; but who is down has nothing
    /// to do, and the least busy of two is that one over and over: here whoever is left is looked
    /// for.
    static let triesMax = 5

    /// Nil where there is nobody to ask.
    func pick(_ wish: borrowing PickWish) -> EndpointState? {
        if let template = cluster.original {
            if let found = original(wish.destination, like: template) { return found }
            if dynamic == nil, endpoints.isEmpty { return nil }
        }
        if dynamic != nil { return wish.host }
        if let choice { return choice.pick(wish, &worker.random, nowNs: worker.loop.nowNs) }
        var picked = balancer.pick(available, cluster.loadBalancing, &worker.random)
        guard !wish.tried.isEmpty else { return picked }
        for _ in 0..<Self.triesMax {
            guard let found = picked, wish.hasTried(found) else { return picked }
            picked = balancer.pick(available, cluster.loadBalancing, &worker.random)
        }
        return wish.another(than: picked, among: available, &worker.random)
    }

    func count(status: UInt16) {
        switch status / 100 {
        case 1: stats.add(.upstreamRq1xx)
        case 2: stats.add(.upstreamRq2xx)
        case 3: stats.add(.upstreamRq3xx)
        case 4: stats.add(.upstreamRq4xx)
        case 5: stats.add(.upstreamRq5xx)
        default: break
        }
    }
}
