// What a worker knows of host names: addresses that the process looked up, once for all workers.
// Nothing here asks anybody; the control thread tells what changed.
import Mesh
public import Net

/// What the last answers said of a name.
struct KnownName {
    /// With port 0.
    var addresses: [SocketAddress]
    /// Why there are none.
    var problem: NameProblem?
}

extension Worker {
    /// Takes what changed; clusters with endpoints of these names go over to their addresses.
    public func learn(_ changes: [NameChange]) {
        var changed: Set<String> = []
        for change in changes {
            changed.insert(change.name)
            names[change.name] = change.addresses.map {
                KnownName(addresses: $0, problem: change.problem)
            }
        }
        for state in clusters {
            guard let state, state.cluster.discovery != .fixed,
                state.cluster.endpoints.contains(where: { changed.contains($0.address) })
            else { continue }
            state.adopt(state.cluster)
        }
    }
}
