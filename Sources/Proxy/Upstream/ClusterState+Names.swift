// Endpoints that are names: which addresses they have now, as the process was told last.
// A new answer goes the way a new configuration goes: addresses that stay keep their connections.
import Mesh
import Net

extension ClusterState {
    /// What stands for an endpoint.
    struct Place {
        let endpoint: Endpoint
        /// What the cluster knows it by.
        let address: SocketAddress
        var rotation: AddressRotation?
    }

    /// The addresses that serve `next` now, each once, with the endpoint it stands for.
    func places(of next: Cluster) -> [Place] {
        switch next.discovery {
        case .fixed:
            return next.endpoints.compactMap { endpoint in
                SocketAddress(host: endpoint.address, port: endpoint.port)
                    .map { Place(endpoint: endpoint, address: $0) }
            }
        case .allAddresses:
            var seen: Set<SocketAddress> = []
            return next.endpoints.flatMap { endpoint in
                let all = addresses(of: endpoint)
                return all.filter { seen.insert($0).inserted }.map { address in
                    Place(
                        endpoint: endpoint, address: address,
                        rotation: AddressRotation(own: address, among: all))
                }
            }
        case .oneAddress:
            guard let endpoint = next.endpoints.first else { return [] }
            let found = addresses(of: endpoint)
            guard let first = found.first else { return [] }
            // The one there is stays whatever its addresses are: its connections are not drained.
            let present = endpoints.first { $0.endpoint.address == endpoint.address }
            // Workers begin at different places, or all would go to the same server first.
            let start = Int(worker.random.below(UInt32(found.count)))
            return [
                Place(
                    endpoint: endpoint, address: present?.address ?? first,
                    rotation: AddressRotation(found, startingAt: start))
            ]
        }
    }

    private func addresses(of endpoint: Endpoint) -> [SocketAddress] {
        guard endpoint.isName else {
            return SocketAddress(host: endpoint.address, port: endpoint.port).map { [$0] } ?? []
        }
        return (worker.names[endpoint.address]?.addresses ?? [])
            .map { $0.with(port: endpoint.port) }
    }

    /// Why nobody is there to ask, where names are the reason: for the log.
    var nameProblem: String? {
        guard cluster.discovery != .fixed, endpoints.isEmpty,
            let endpoint = cluster.endpoints.first(where: \.isName)
        else { return nil }
        let problem = worker.names[endpoint.address]?.problem
        let reason = problem.map { "\($0)" } ?? "it is being looked up"
        return "DNS: \(endpoint.address): \(reason)"
    }
}
