// The endpoints of a ServiceEntry: those it lists, or the workloads and pods its selector finds in
// its namespace, or for DNS without any of these the host itself.
// Names stay names here. Who resolves them is the process, over and over; see Cluster.Discovery.
internal import Spec

extension EndpointDirectory {
    /// - Parameter host: the one of its hosts that is asked about.
    func listed(_ entry: ServiceEntry, host: String, port number: UInt16) -> [Endpoint] {
        guard let port = entry.ports.first(where: { $0.number == number }) else { return [] }
        let takesNames: Bool
        switch entry.resolution {
        case .fixed: takesNames = false
        case .dns, .dnsRoundRobin: takesNames = true
        case .none, .dynamicDNS: return []
        }
        guard let selector = entry.workloadSelector else {
            if takesNames, entry.endpoints.isEmpty { return itself(host, port: port, of: entry) }
            return entry.endpoints.compactMap {
                listed($0, port: port, of: entry, takesNames: takesNames)
            }
        }
        let target = port.targetPort ?? port.number
        let machines = workloads.items(in: entry.namespace, selectedBy: selector)
        let pods = pods.items(in: entry.namespace, selectedBy: selector).filter(\.isReady)
        return machines.compactMap {
            workload(
                $0, port: $0.endpoint.ports[port.name] ?? target, takesNames: takesNames)
        }
            + pods.compactMap { pod in
                pod.ips.first.map { address in
                    let place = Locality(of: pod)
                    return Endpoint(
                        address: address, port: target, weight: 1, locality: place.text,
                        labels: place.labels(added: pod.metadata.labels),
                        workload: Workload(pod), origin: Origin(pod))
                }
            }
    }

    /// Each host of the entry is a service of its own, behind which stands what DNS calls so.
    private func itself(
        _ host: String, port: ServiceEntry.Port, of entry: ServiceEntry
    ) -> [Endpoint] {
        if HostName.isWild(host) { return [] }
        return [
            Endpoint(
                address: host, isName: !AddressLiteral.isIP(host),
                port: port.targetPort ?? port.number, weight: 1,
                locality: "", labels: [:], workload: Workload(),
                origin: Origin(
                    entry,
                    at: entry.hosts.first { $0.value == host }?.position ?? Position()))
        ]
    }

    /// Nil for an address that is a name where nobody would resolve it.
    func workload(_ entry: WorkloadEntry, port: UInt16, takesNames: Bool = false) -> Endpoint? {
        endpoint(
            entry.endpoint, port: port, labels: entry.labels, workload: Workload(entry),
            origin: Origin(entry), takesNames: takesNames)
    }

    /// Istio's order: unix address > the endpoint's own port > `targetPort` > `number`.
    private func listed(
        _ endpoint: WorkloadEndpoint, port: ServiceEntry.Port, of entry: ServiceEntry,
        takesNames: Bool
    ) -> Endpoint? {
        self.endpoint(
            endpoint, port: endpoint.ports[port.name] ?? port.targetPort ?? port.number,
            labels: endpoint.labels, workload: Workload(endpoint, namespace: entry.namespace),
            origin: Origin(entry, at: endpoint.position), takesNames: takesNames)
    }

    private func endpoint(
        _ endpoint: WorkloadEndpoint, port: UInt16, labels: [String: String], workload: Workload,
        origin: Origin, takesNames: Bool
    ) -> Endpoint? {
        let isSocket = endpoint.address.hasPrefix("unix://")
        let isName = !isSocket && !AddressLiteral.isIP(endpoint.address)
        guard !isName || takesNames && !endpoint.address.isEmpty else { return nil }
        let place = Locality(of: endpoint, labels: labels)
        return Endpoint(
            address: isName ? HostName.lowercased(endpoint.address) : endpoint.address,
            isName: isName, port: isSocket ? 0 : port, weight: max(1, endpoint.weight),
            locality: place.text, labels: place.labels(added: labels), workload: workload,
            origin: origin)
    }
}
