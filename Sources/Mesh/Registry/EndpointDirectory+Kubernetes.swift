// The endpoints of a Kubernetes Service: slices if there are any, else Endpoints, else the pods it
// selects; and the WorkloadEntries it selects besides, as Istio adds them.
// The first three say the same thing in a dump of a cluster, so only one of them is taken.
internal import Spec

extension EndpointDirectory {
    func kubernetes(_ service: Service, port number: UInt16) -> [Endpoint] {
        guard let port = service.ports.first(where: { $0.number == number && $0.transport == .tcp })
        else { return [] }
        let key = "\(service.namespace)/\(service.name)"
        var found: [Endpoint]
        if let slices = slices[key] {
            found = slices.flatMap { sliced($0, port: port, of: service) }
        } else if let lists = endpoints[key] {
            found = lists.flatMap { listed($0, port: port, of: service) }
        } else {
            found = selectedPods(service, port: port)
        }
        found += selectedWorkloads(service, port: port)
        return found
    }

    /// Ports of slices and Endpoints are matched by name, and give the number at the workload.
    private func sliced(
        _ slice: EndpointSlice, port: Service.Port, of service: Service
    ) -> [Endpoint] {
        guard slice.addressType != .fqdn,
            let target = slice.ports.first(where: { $0.name == port.name && $0.transport == .tcp })
        else { return [] }
        return slice.endpoints.flatMap { member -> [Endpoint] in
            guard member.isReady || service.publishNotReadyAddresses else { return [] }
            return member.addresses.prefix(1).map { address in
                endpoint(
                    address, port: target.number, reference: member.targetRef,
                    locality: Locality(zone: member.zone),
                    origin: Origin(slice, at: member.position), namespace: slice.namespace)
            }
        }
    }

    private func listed(
        _ list: Endpoints, port: Service.Port, of service: Service
    ) -> [Endpoint] {
        list.subsets.flatMap { subset -> [Endpoint] in
            guard
                let target = subset.ports.first(where: {
                    $0.name == port.name && $0.transport == .tcp
                })
            else { return [] }
            let unready = service.publishNotReadyAddresses ? subset.notReadyAddresses : []
            return (subset.addresses + unready).map { address in
                endpoint(
                    address.ip, port: target.number, reference: address.targetRef,
                    locality: Locality(),
                    origin: Origin(list, at: address.position), namespace: list.namespace)
            }
        }
    }

    private func endpoint(
        _ address: String, port: UInt16, reference: ObjectKey?, locality: Locality, origin: Origin,
        namespace: String
    ) -> Endpoint {
        let pod = pod(reference, namespace: namespace, address: address)
        let own = pod.map { Locality(of: $0) } ?? Locality()
        let place = own.isUnknown ? locality : own
        return Endpoint(
            address: address, port: port, weight: 1, locality: place.text,
            labels: place.labels(added: pod?.metadata.labels ?? [:]),
            workload: pod.map { Workload($0) } ?? Workload(), origin: origin)
    }

    private func selectedPods(_ service: Service, port: Service.Port) -> [Endpoint] {
        let selected = pods.items(in: service.namespace, selectedBy: service.selector)
        return selected.compactMap { pod in
            guard pod.isReady || service.publishNotReadyAddresses,
                let address = pod.ips.first, let number = Self.number(of: port, in: pod)
            else { return nil }
            let place = Locality(of: pod)
            return Endpoint(
                address: address, port: number, weight: 1, locality: place.text,
                labels: place.labels(added: pod.metadata.labels), workload: Workload(pod),
                origin: Origin(pod))
        }
    }

    /// Nil where the target port is a name that the pod does not have.
    private static func number(of port: Service.Port, in pod: Pod) -> UInt16? {
        switch port.targetPort {
        case .number(0): port.number
        case .number(let number): number
        case .name(let name): pod.ports.first { $0.name == name }?.number
        }
    }

    /// The entry's own port of the service port's name comes first, then the one the target port
    /// names, then the target port's number.
    private func selectedWorkloads(_ service: Service, port: Service.Port) -> [Endpoint] {
        let selected = workloads.items(in: service.namespace, selectedBy: service.selector)
        return selected.compactMap { entry in
            let ports = entry.endpoint.ports
            let target: UInt16? =
                switch port.targetPort {
                case .number(0): port.number
                case .number(let number): number
                case .name(let name): ports[name] ?? port.number
                }
            return workload(entry, port: ports[port.name] ?? target ?? port.number)
        }
    }
}
