// How one worker keeps to limits that hold for all of them: what it counts in, whom it calls when
// it gives something back, and what it does when it is called.
// No worker may be stranded: a request that waits is served by a connection of its own worker that
// comes free, or by room for a new one, wherever that was made.
import Mesh
import Net
import Synchronization
import Telemetry

extension ClusterState {
    /// Limits came, changed or went.
    func adoptLimits(_ next: PoolPolicy.Limits?) {
        bounds = next ?? PoolPolicy.Limits()
        if next != nil, limits == nil {
            enterLimits()
        } else if next == nil, limits != nil {
            leaveLimits()
        }
        scheduleErrands()
    }

    /// Connections that are open already count from now on.
    private func enterLimits() {
        let limits = worker.counts.limits.enter(cluster.name) { ClusterLimits() }
        limits.connections.add(UInt32(clamping: stats[.upstreamCxActive]))
        self.limits = limits
        limitsSeat = limits.workers.join(self, on: worker.loop)
        if errands == nil { errands = ClusterErrands(self) }
    }

    func leaveLimits() {
        guard let limits else { return }
        for endpoint in calledEndpoints { endpoint.leaveLimits() }
        for endpoint in errands?.lines ?? [] { endpoint.leaveLimits() }
        limits.connections.give(UInt32(clamping: stats[.upstreamCxActive]))
        if let limitsSeat { limits.workers.leave(limitsSeat) }
        limitsSeat = nil
        self.limits = nil
        worker.counts.limits.leave(cluster.name)
        // Whatever it took of them is free for others.
        limits.workers.tellAll { $0.called() }
    }

    // MARK: - Room

    /// Somebody of this worker gave something back, or ceased to wait: who waits is looked at when
    /// this round of events is over.
    func capacityFreed(byClosing isClosed: Bool = false) {
        guard limits != nil, let errands else { return }
        if isClosed { errands.hasClosed = true }
        scheduleErrands()
    }

    func scheduleErrands() {
        guard let errands, !errands.isDue else { return }
        errands.isDue = true
        worker.loop.atEndOfThisRound(errands)
    }

    /// Another worker has given something back.
    func called() {
        errands?.isCalled = true
        scheduleErrands()
    }

    /// Serves who waits here, or lets other workers have what was given back.
    func runErrands(_ errands: ClusterErrands) {
        defer { for endpoint in errands.lines { endpoint.noteStarving() } }
        if let limits, let limitsSeat, errands.hasClosed, !errands.isCalled {
            let own = errands.lines.count(where: \.isStarving)
            if limits.starving.load(ordering: .sequentiallyConsistent) > own {
                // Requests of others wait without any connection: it is their turn. Who does not
                // use it calls back.
                limits.workers.tellWaiting(otherThan: limitsSeat) { $0.called() }
                return
            }
        }
        for endpoint in errands.lines { endpoint.serveLine() }
        guard let limits, let limitsSeat, hasRoom(limits) else { return }
        limits.workers.tellWaiting(otherThan: limitsSeat) { $0.called() }
    }

    private func hasRoom(_ limits: ClusterLimits) -> Bool {
        limits.connections.value < bounds.connections
            || limits.starving.load(ordering: .relaxed) > 0
    }

    /// Another worker has nobody to ask there and this one may have a connection to spare.
    func giveUpConnection(to key: EndpointKey) {
        calledEndpoints.first { $0.key == key }?.giveUpIdle()
    }
}

/// What a worker has to do for a cluster between two rounds of events.
final class ClusterErrands: Pollable {
    private let cluster: ClusterState
    /// Endpoints at which requests wait.
    private(set) var lines: ContiguousArray<EndpointState> = []
    var isDue = false
    /// A connection was closed since the last time.
    var hasClosed = false
    /// Another worker says that there is room.
    var isCalled = false

    init(_ cluster: ClusterState) {
        self.cluster = cluster
        super.init()
    }

    override func roundEnded() {
        isDue = false
        cluster.runErrands(self)
        hasClosed = false
        isCalled = false
    }

    func add(_ endpoint: EndpointState) {
        lines.append(endpoint)
        noteWaiting()
    }

    func remove(_ endpoint: EndpointState) {
        lines.removeAll { $0 === endpoint }
        noteWaiting()
    }

    private func noteWaiting() {
        cluster.limitsSeat?.isWaiting.store(!lines.isEmpty, ordering: .sequentiallyConsistent)
    }
}
