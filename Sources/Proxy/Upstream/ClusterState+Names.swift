// Endpoints that are names: which addresses they have now, as the process was told last.
// A new answer goes the way a new configuration goes: addresses that stay keep their connections.
import Mesh
import Net

extension ClusterState {
    /// The addresses that serve `next` now, each once, with the endpoint it stands for.
    func places(of next: Cluster) -> [(endpoint: Endpoint, address: SocketAddress)] {
        switch next.discovery {
        case .fixed:
            rotation = nil
            return next.endpoints.compactMap { endpoint in
                SocketAddress(host: endpoint.address, port: endpoint.port)
                    .map { (endpoint, $0) }
            }
        case .allAddresses:
            rotation = nil
            var seen: Set<SocketAddress> = []
            return next.endpoints.flatMap { endpoint in
                addresses(of: endpoint).filter { seen.insert($0).inserted }
                    .map { (endpoint, $0) }
            }
        case .oneAddress:
            guard let endpoint = next.endpoints.first else { return [] }
            let found = addresses(of: endpoint)
            guard let first = found.first else {
                rotation = nil
                return []
            }
            // Workers begin at different places, or all would go to the same server first.
            let start = Int(worker.random.below(UInt32(found.count)))
            rotation = AddressRotation(found, startingAt: start, after: rotation)
            // The one there is stays whatever its addresses are: its connections are not drained.
            let present = endpoints.first { $0.endpoint.address == endpoint.address }
            return [(endpoint, present?.address ?? first)]
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
