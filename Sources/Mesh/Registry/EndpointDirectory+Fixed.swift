// The endpoints of a ServiceEntry with STATIC resolution: those it lists, or the workloads and pods
// its selector finds in its namespace.
// Other resolutions ask DNS or the socket and have no endpoints yet; the compiler says so.
internal import Spec

extension EndpointDirectory {
    func fixed(_ entry: ServiceEntry, port number: UInt16) -> [Endpoint] {
        guard entry.resolution == .fixed,
            let port = entry.ports.first(where: { $0.number == number })
        else { return [] }
        guard let selector = entry.workloadSelector else {
            return entry.endpoints.compactMap { listed($0, port: port, of: entry) }
        }
        let target = port.targetPort ?? port.number
        let machines = workloads.items(in: entry.namespace, selectedBy: selector)
        let pods = pods.items(in: entry.namespace, selectedBy: selector).filter(\.isReady)
        return machines.compactMap {
            workload($0, port: $0.endpoint.ports[port.name] ?? target)
        }
            + pods.compactMap { pod in
                pod.ips.first.map { address in
                    Endpoint(
                        address: address, port: target, weight: 1, locality: "",
                        labels: pod.metadata.labels, workload: Workload(pod), origin: Origin(pod))
                }
            }
    }

    /// Nil for an address that is a name: it would have to be resolved.
    func workload(_ entry: WorkloadEntry, port: UInt16) -> Endpoint? {
        endpoint(
            entry.endpoint, port: port, labels: entry.labels, workload: Workload(entry),
            origin: Origin(entry))
    }

    /// Istio's order: unix address > the endpoint's own port > `targetPort` > `number`.
    private func listed(
        _ endpoint: WorkloadEndpoint, port: ServiceEntry.Port, of entry: ServiceEntry
    ) -> Endpoint? {
        self.endpoint(
            endpoint, port: endpoint.ports[port.name] ?? port.targetPort ?? port.number,
            labels: endpoint.labels, workload: Workload(endpoint, namespace: entry.namespace),
            origin: Origin(entry, at: endpoint.position))
    }

    private func endpoint(
        _ endpoint: WorkloadEndpoint, port: UInt16, labels: [String: String], workload: Workload,
        origin: Origin
    ) -> Endpoint? {
        let isSocket = endpoint.address.hasPrefix("unix://")
        guard isSocket || AddressLiteral.isIP(endpoint.address) else { return nil }
        return Endpoint(
            address: endpoint.address, port: isSocket ? 0 : port, weight: max(1, endpoint.weight),
            locality: endpoint.locality, labels: labels, workload: workload, origin: origin)
    }
}
