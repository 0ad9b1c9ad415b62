// Endpoints of a cluster that has none: each address that a client meant its connection for
// becomes one, with a pool of its own, when it is first called.
import Mesh
import Net
import Telemetry

extension ClusterState {
    /// Addresses remembered; beyond that those without requests under way are let go.
    private static let originalsMax = 1024

    func original(_ address: SocketAddress, like template: Endpoint) -> EndpointState {
        if let known = originals[address] { return known }
        if originals.count >= Self.originalsMax { forgetIdleOriginals() }
        let endpoint = Endpoint(
            address: address.host, port: address.port, weight: 1, locality: "", labels: [:],
            workload: template.workload, tls: template.tls, origin: template.origin)
        let state = EndpointState(endpoint, address: address, cluster: self)
        originals[address] = state
        return state
    }

    /// What connections are like has changed, or they do not go this way any more.
    func adoptOriginals() {
        guard !originals.isEmpty else { return }
        guard let template = cluster.original else {
            retireOriginals()
            return
        }
        for (address, state) in originals {
            state.adopt(
                Endpoint(
                    address: address.host, port: address.port, weight: 1, locality: "",
                    labels: [:], workload: template.workload, tls: template.tls,
                    origin: template.origin))
        }
    }

    func retireOriginals() {
        for state in originals.values { state.retire() }
        originals.removeAll()
    }

    private func forgetIdleOriginals() {
        for (address, state) in originals where state.activeRequests == 0 {
            state.retire()
            originals[address] = nil
        }
    }
}
