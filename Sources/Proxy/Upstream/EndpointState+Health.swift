// What endpoints do, as outlier detection counts it (Envoy's Outlier::Result): answers by their
// status, everything that breaks as 503, what takes too long as 504; or what breaks by itself,
// where a policy tells failures of our own origin apart.
import Mesh
import Synchronization
import Telemetry

extension EndpointState {
    func enterHealth() {
        guard health == nil, let clusterHealth = cluster.health else { return }
        let health = clusterHealth.endpoints.enter(key) { EndpointHealth() }
        self.health = health
        isEjected = health.isEjected.load(ordering: .acquiring)
    }

    func leaveHealth() {
        guard health != nil, let clusterHealth = cluster.health else { return }
        health = nil
        isEjected = false
        if clusterHealth.endpoints.leave(key) { clusterHealth.forget(key) }
    }

    /// The final head of an answer is there.
    func answered(_ status: UInt16) {
        guard let health, let policy = cluster.cluster.outliers else { return }
        note(health.count(policy.counted(status), policy), health)
    }

    /// A connection stands. - Parameter isAll: there is nothing more to be seen of it (bytes).
    func connected(isAll: Bool = false) {
        guard let health, let policy = cluster.cluster.outliers else { return }
        if policy.splitsLocalOrigin {
            health.connected()
        } else if isAll {
            _ = health.count(200, policy)
        }
    }

    /// A connection was not made, or broke with a request on it.
    func broke() {
        failed(as: 503)
    }

    /// There was no answer in time.
    func timedOut() {
        failed(as: 504)
    }

    private func failed(as status: UInt16) {
        guard let health, let policy = cluster.cluster.outliers else { return }
        note(
            policy.splitsLocalOrigin
                ? health.countLocalFailure(policy) : health.count(status, policy), health)
    }

    private func note(_ causes: EjectionCauses, _ health: EndpointHealth) {
        if !causes.isEmpty { cluster.eject(self, health, for: causes) }
    }
}
