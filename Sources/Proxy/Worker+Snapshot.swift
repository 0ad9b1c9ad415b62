// How a worker goes over to a new snapshot: listeners that stay keep their sockets and connections,
// clusters that stay keep their pools; requests under way finish on the routes they matched.
public import Mesh
import Net
import Telemetry

extension Worker {
    /// A socket the control thread bound for this worker.
    public struct Binding: Sendable {
        /// `ListenerSpec.name`
        public let listener: String
        public let descriptor: Int32

        public init(listener: String, descriptor: Int32) {
            self.listener = listener
            self.descriptor = descriptor
        }
    }

    /// Goes over to `next`. `bindings` holds a listening socket for every listener this worker has
    /// none for yet; the worker owns them from now on. Listeners that are gone stop accepting.
    public func adopt(_ next: Snapshot, bindings: [Binding]) {
        adoptClusters(of: next)
        snapshot = next
        capture = CaptureTable(next.routing.listeners)
        // Whoever comes from now on is called what these workloads are called.
        callers.removeAll()
        // The counters stay, under their names.
        routeStats.removeAll()
        for binding in bindings {
            guard let spec = next.routing.listeners.first(where: { $0.name == binding.listener })
            else {
                Socket.close(binding.descriptor)
                continue
            }
            listeners[spec.name] = Listener(spec, descriptor: binding.descriptor, worker: self)
        }
        for (name, listener) in listeners {
            if let spec = next.routing.listeners.first(where: { $0.name == name }) {
                listener.adopt(spec)
            } else {
                listeners[name] = nil
                listener.retire()
            }
        }
    }

    /// States are kept by cluster name; an unused cluster has none and costs nothing.
    private func adoptClusters(of next: Snapshot) {
        var used: [String: ClusterState] = [:]
        for state in clusters { if let state { used[state.cluster.name] = state } }
        var states = ContiguousArray<ClusterState?>(repeating: nil, count: next.clusters.count)
        if !used.isEmpty {
            for (index, cluster) in next.clusters.enumerated() {
                guard let state = used.removeValue(forKey: cluster.name) else { continue }
                if state.cluster !== cluster { state.adopt(cluster) }
                states[index] = state
            }
        }
        for state in used.values { state.retire() }
        if !used.isEmpty { metrics.removeClusters { used[$0] != nil } }
        clusters = states
    }

    /// Stops accepting; answers carry `connection: close` from now on and idle connections end.
    public func drain() {
        isDraining = true
        for listener in listeners.values { listener.stop() }
        loop.forEachWatched { pollable in
            if let client = pollable as? ClientConnection { client.closeIfIdle() }
            if let client = pollable as? H2Connection { client.drain() }
        }
    }

    /// Requests and tunnels under way that somebody waits for.
    public var activeCount: Int { activeExchanges - activeMirrors }

    /// The tables a listener's counters live under, for people: name, open connections.
    public var listenerNames: [String] { listeners.keys.sorted() }
}
