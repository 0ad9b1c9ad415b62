// What the workers share about one cluster with outlier detection: which endpoints are left out.
// The lock is taken when an endpoint has failed often enough and once an interval while any is out,
// never for an answer.
import Mesh
import Net
import Synchronization

final class ClusterHealth: Sendable {
    private struct State {
        var ejections = Ejections()
        /// The worker that looks once an interval who may come back; nil: nobody needs to.
        var watcher: ObjectIdentifier?
    }

    private let state = Mutex(State())
    let workers = Assembly<ClusterState>()
    let endpoints = SharedDirectory<EndpointKey, EndpointHealth>()

    var activeCount: Int { state.withLock { $0.ejections.activeCount } }

    func eject(
        _ key: EndpointKey, _ health: EndpointHealth, ofHosts hosts: Int,
        _ policy: OutlierPolicy, nowMs: UInt64
    ) -> Ejections.Verdict {
        state.withLock { state in
            let verdict = state.ejections.eject(key, ofHosts: hosts, policy, nowMs: nowMs)
            if case .ejected = verdict {
                health.isEjected.store(true, ordering: .releasing)
                health.ejectionsTotal.wrappingAdd(1, ordering: .relaxed)
            }
            return verdict
        }
    }

    /// Who comes back. The worker that looks need not know all of them: each has called its own of
    /// the hosts that requests name.
    func check(_ policy: OutlierPolicy, nowMs: UInt64) -> [EndpointKey] {
        state.withLock { state in
            let returned = state.ejections.check(policy, nowMs: nowMs)
            for health in returned.compactMap({ endpoints[$0] }) {
                health.clearAll()
                health.isEjected.store(false, ordering: .releasing)
            }
            return returned
        }
    }

    func forget(_ key: EndpointKey) {
        state.withLock { $0.ejections.forget(key) }
    }

    // MARK: - Who looks

    /// True for the one that has to look from now on.
    func takeWatch(_ worker: ClusterState) -> Bool {
        state.withLock { state in
            guard state.watcher == nil, !state.ejections.isQuiet else { return false }
            state.watcher = ObjectIdentifier(worker)
            return true
        }
    }

    /// False when there is nothing to look for any more.
    func keepsWatch(_ worker: ClusterState) -> Bool {
        state.withLock { state in
            guard state.watcher == ObjectIdentifier(worker) else { return false }
            if state.ejections.isQuiet { state.watcher = nil }
            return state.watcher != nil
        }
    }

    /// True when it was the one, and somebody else has to take its place.
    func leaveWatch(_ worker: ClusterState) -> Bool {
        state.withLock { state in
            guard state.watcher == ObjectIdentifier(worker) else { return false }
            state.watcher = nil
            return true
        }
    }
}
