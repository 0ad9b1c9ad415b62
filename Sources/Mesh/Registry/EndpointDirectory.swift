// Which addresses stand behind a service's port.
// Pods, WorkloadEntries, Endpoints and EndpointSlices are indexed by namespace once, because ten
// thousand services may ask.
internal import Spec

struct EndpointDirectory {
    let pods: LabelIndex<Pod>
    let workloads: LabelIndex<WorkloadEntry>
    /// By `namespace/service`.
    let slices: [String: [EndpointSlice]]
    let endpoints: [String: [Endpoints]]
    private let podsByName: [String: Pod]
    private let podsByAddress: [String: Pod]

    init(_ objects: ObjectSet) {
        pods = LabelIndex(objects.pods.map { ($0, $0.namespace, $0.metadata.labels) })
        workloads = LabelIndex(objects.workloadEntries.map { ($0, $0.namespace, $0.labels) })
        slices = Dictionary(grouping: objects.endpointSlices) {
            "\($0.namespace)/\($0.serviceName ?? "")"
        }
        endpoints = Dictionary(grouping: objects.endpoints) { "\($0.namespace)/\($0.name)" }
        podsByName = Dictionary(
            objects.pods.map { ("\($0.namespace)/\($0.name)", $0) },
            uniquingKeysWith: { old, _ in old })
        podsByAddress = Dictionary(
            objects.pods.flatMap { pod in pod.ips.map { ($0, pod) } },
            uniquingKeysWith: { old, _ in old })
    }

    /// The endpoints of one port, each address once, in the order of the objects.
    func endpoints(of service: RegisteredService, port: UInt16) -> [Endpoint] {
        let found: [Endpoint] =
            switch service.description {
            case .kubernetes(let description): kubernetes(description, port: port)
            case .entries(let entries):
                entries.flatMap { listed($0, host: service.host, port: port) }
            }
        var seen: Set<String> = []
        return found.filter { seen.insert("\($0.address) \($0.port)").inserted }
    }

    /// The pod that an address of Endpoints or an EndpointSlice belongs to.
    func pod(_ reference: ObjectKey?, namespace: String, address: String) -> Pod? {
        if let reference, reference.kind == "Pod" {
            let owner = reference.namespace.isEmpty ? namespace : reference.namespace
            if let pod = podsByName["\(owner)/\(reference.name)"] { return pod }
        }
        return podsByAddress[address]
    }
}

extension [String: String] {
    /// Whether every label of `selector` is here with its value.
    func satisfies(_ selector: [String: String]) -> Bool {
        selector.allSatisfy { self[$0.key] == $0.value }
    }
}
