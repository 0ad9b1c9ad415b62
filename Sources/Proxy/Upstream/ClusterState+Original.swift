// Clusters whose connections go where the client meant them to: each such address that is no
// endpoint already becomes one, with a pool of its own, when it is first called.
import Mesh
import Net
import Telemetry

extension ClusterState {
    /// nil where nothing tells what the client meant, or only an address that leads nowhere: a
    /// cluster that has endpoints as well (PASSTHROUGH) asks those.
    func original(_ address: SocketAddress?, like template: Endpoint) -> EndpointState? {
        guard let address else { return nil }
        if let known = originals[address] { return known }
        if !endpoints.isEmpty {
            if AddressBlock.automatic.contains(address) { return nil }
            // Of an endpoint more is known: who it is, and whether it speaks the mesh's TLS.
            if let own = endpoints.first(where: { $0.address == address }) { return own }
        }
        // Beyond that those without requests under way are let go.
        if originals.count >= worker.settings.limits.calledEndpointsMax { forgetIdleOriginals() }
        let endpoint = Endpoint(
            address: address.host, port: address.port, weight: 1, locality: "", labels: [:],
            workload: template.workload, tls: template.tls, origin: template.origin)
        let state = EndpointState(endpoint, address: address, cluster: self)
        state.enterLimits()
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
            if endpoints.contains(where: { $0.address == address }) {
                state.retire()
                originals[address] = nil
                continue
            }
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
