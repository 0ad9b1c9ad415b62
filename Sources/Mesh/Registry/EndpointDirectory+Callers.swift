// Where the workloads stand that do the same as the one this proxy is for: whoever it calls, they
// call as well.
// Envoy is told by a cluster of its own service (Istio's self discovery); here it is worked out
// from the objects that every proxy reads.
internal import Spec

extension EndpointDirectory {
    /// A place for each endpoint of the first service of the node's namespace that selects its
    /// labels; none where no service does.
    func callers(like node: Node, _ registry: ServiceRegistry) -> [Locality] {
        let own = registry.services.first { service in
            guard service.namespace == node.namespace else { return false }
            switch service.description {
            case .kubernetes(let object):
                return !object.selector.isEmpty && node.labels.satisfies(object.selector)
            case .entries(let entries):
                return entries.contains { entry in
                    entry.workloadSelector.map { node.labels.satisfies($0) } ?? false
                }
            }
        }
        guard let own, let port = own.ports.first else { return [] }
        return endpoints(of: own, port: port.number).map { Locality($0.locality) }
    }
}
