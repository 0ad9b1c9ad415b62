// One worker's part in outlier detection: it reports what endpoints do, ejects, hears of what the
// others ejected, and one of them looks once an interval who may come back.
import Mesh
import Net
import Synchronization
import Telemetry

extension ClusterState {
    /// Outlier detection came, changed or went.
    func adoptHealth(_ next: OutlierPolicy?) {
        if next != nil, health == nil {
            let health = worker.counts.health.enter(cluster.name) { ClusterHealth() }
            self.health = health
            healthSeat = health.workers.join(self, on: worker.loop)
        } else if next == nil, health != nil {
            leaveHealth()
        }
    }

    func leaveHealth() {
        guard let health else { return }
        for endpoint in calledEndpoints { endpoint.leaveHealth() }
        if let healthSeat { health.workers.leave(healthSeat) }
        healthSeat = nil
        if let watch { worker.loop.timers.cancel(watch.timer) }
        watch = nil
        self.health = nil
        worker.counts.health.leave(cluster.name)
        if health.leaveWatch(self) { health.workers.tellAll { $0.watchIfNeeded() } }
        protection?.set(.ejectionsActive, to: 0)
    }

    /// An endpoint has had too much of something: out with it, at once.
    func eject(_ endpoint: EndpointState, _ record: EndpointHealth, for causes: EjectionCauses) {
        guard let health, let policy = cluster.outliers, !endpoint.isRetired else { return }
        // Of the hosts that requests name, those that any worker has called.
        let hosts = dynamic == nil ? endpoints.count : health.endpoints.count
        for cause in [EjectionCauses.gatewayErrors, .errors, .localOrigin]
        where causes.contains(cause) {
            let verdict = health.eject(
                endpoint.key, record, ofHosts: hosts, policy, nowMs: worker.loop.nowMs)
            note(verdict, cause)
            guard case .ejected = verdict else { continue }
            applyHealth()
            if let healthSeat { health.workers.tellOthers(than: healthSeat) { $0.applyHealth() } }
            watchIfNeeded()
        }
    }

    private func note(_ verdict: Ejections.Verdict, _ cause: EjectionCauses) {
        let stats = protectionStats()
        if case .already = verdict { return }
        let isEjected = if case .ejected = verdict { true } else { false }
        if isEjected {
            stats.add(.ejectionsEnforcedTotal)
        } else {
            stats.add(.ejectionsOverflow)
        }
        switch cause {
        case .gatewayErrors:
            stats.add(.ejectionsDetectedConsecutiveGatewayFailure)
            if isEjected { stats.add(.ejectionsEnforcedConsecutiveGatewayFailure) }
        case .localOrigin:
            stats.add(.ejectionsDetectedConsecutiveLocalOriginFailure)
            if isEjected { stats.add(.ejectionsEnforcedConsecutiveLocalOriginFailure) }
        default:
            stats.add(.ejectionsConsecutive5xx)
            stats.add(.ejectionsDetectedConsecutive5xx)
            if isEjected {
                stats.add(.ejectionsTotal)
                stats.add(.ejectionsEnforcedConsecutive5xx)
            }
        }
    }

    /// Takes over what the workers know together.
    func applyHealth() {
        var isChanged = false
        for endpoint in calledEndpoints {
            let isEjected = endpoint.health?.isEjected.load(ordering: .acquiring) ?? false
            if endpoint.isEjected != isEjected {
                endpoint.isEjected = isEjected
                isChanged = true
            }
        }
        if isChanged { healthChanged() }
        if let health { noteEjections(health) }
    }

    func noteEjections(_ health: ClusterHealth) {
        let active = health.activeCount
        if active > 0 || protection != nil {
            protectionStats().set(.ejectionsActive, to: UInt64(active))
        }
    }

    // MARK: - Coming back

    func watchIfNeeded() {
        guard let health, let policy = cluster.outliers, health.takeWatch(self) else { return }
        let watch = HealthWatch(self)
        self.watch = watch
        watch.timer = worker.loop.timers.schedule(
            afterMs: policy.intervalMs, target: watch, tag: 0)
    }

    func check(_ watch: HealthWatch) {
        guard let health, let policy = cluster.outliers, watch === self.watch else { return }
        let returned = health.check(policy, nowMs: worker.loop.nowMs)
        if !returned.isEmpty {
            applyHealth()
            if let healthSeat { health.workers.tellOthers(than: healthSeat) { $0.applyHealth() } }
        }
        guard health.keepsWatch(self) else {
            self.watch = nil
            return
        }
        watch.timer = worker.loop.timers.schedule(
            afterMs: policy.intervalMs, target: watch, tag: 0)
    }

    /// Made for clusters that need it.
    func protectionStats() -> ProtectionStats {
        if let protection { return protection }
        let made = worker.metrics.protection(cluster.name)
        protection = made
        return made
    }

    /// What is open and closed of limits is a matter of the moment somebody looks.
    func noteProtection() {
        guard let limits else { return }
        let stats = protectionStats()
        let bounds = bounds
        stats.set(.cxOpen, to: limits.connections.value >= bounds.connections ? 1 : 0)
        stats.set(
            .rqPendingOpen, to: limits.pendingRequests.value >= bounds.pendingRequests ? 1 : 0)
        stats.set(.rqOpen, to: limits.requests.value >= bounds.requests ? 1 : 0)
        let amid = UInt64(limits.requests.value) + UInt64(limits.pendingRequests.value)
        let isRetryOpen = limits.retries.value >= bounds.retries(amid: amid)
        stats.set(.rqRetryOpen, to: isRetryOpen ? 1 : 0)
    }
}

/// The timer of the one worker that looks who may come back.
final class HealthWatch: TimerTarget {
    private let cluster: ClusterState
    var timer = TimerID.none

    init(_ cluster: ClusterState) {
        self.cluster = cluster
        super.init()
    }

    override func timerFired(tag: UInt8) {
        cluster.check(self)
    }
}
