// The workload a sidecar stands beside: the WorkloadEntry or Pod of its name says what it is
// called, which selectors take it, and where it answers.
internal import Spec

struct SidecarWorkload: Equatable {
    let name: String
    let namespace: String
    let labels: [String: String]
    let serviceAccount: String
    /// Empty where the object has none.
    let address: String
    /// The ports of a WorkloadEntry, or of a pod's containers, by name.
    let ports: [String: UInt16]
    let isPod: Bool
    let locality: Locality
    let origin: Origin

    init(_ entry: WorkloadEntry) {
        name = entry.name
        namespace = entry.namespace
        labels = entry.labels
        serviceAccount = entry.endpoint.serviceAccount
        address = entry.endpoint.address
        ports = entry.endpoint.ports
        isPod = false
        locality = Locality(of: entry.endpoint, labels: entry.labels)
        origin = Origin(entry)
    }

    init(_ pod: Pod) {
        name = pod.name
        namespace = pod.namespace
        labels = pod.metadata.labels
        serviceAccount = pod.serviceAccount
        address = pod.ips.first ?? ""
        ports = Dictionary(
            pod.ports.map { ($0.name, $0.number) }, uniquingKeysWith: { old, _ in old })
        isPod = true
        locality = Locality(of: pod)
        origin = Origin(pod)
    }

    /// Nil, and an error that names what there is, where nothing of that name is in the namespace.
    static func find(
        _ name: String, in namespace: String, _ objects: ObjectSet, _ findings: inout Findings
    ) -> SidecarWorkload? {
        if let entry = objects.workloadEntries.first(where: {
            $0.name == name && $0.namespace == namespace
        }) {
            return SidecarWorkload(entry)
        }
        if let pod = objects.pods.first(where: { $0.name == name && $0.namespace == namespace }) {
            return SidecarWorkload(pod)
        }
        let known =
            objects.workloadEntries.map { "\($0.name).\($0.namespace)" }
            + objects.pods.map { "\($0.name).\($0.namespace)" }
        let near = Suggestion.nearest(to: "\(name).\(namespace)", among: known)
        let shown = known.prefix(8).joined(separator: ", ") + (known.count > 8 ? ", …" : "")
        findings.add(
            Diagnostic(
                severity: .error, location: nil,
                message: "there is no WorkloadEntry or Pod \(name) in namespace \(namespace)",
                advice: known.isEmpty
                    ? "describe the workload with a WorkloadEntry"
                    : near.map { "did you mean \($0)?" } ?? "there are \(shown)"))
        return nil
    }

    /// Where requests to a port of `service`, which selects this workload, arrive; nil for a port
    /// that is named and not here.
    func targetPort(of port: Service.Port) -> UInt16? {
        switch port.targetPort {
        case .number(let number):
            let target = number == 0 ? port.number : number
            return isPod ? target : ports[port.name] ?? target
        case .name(let name):
            return isPod ? ports[name] : ports[port.name] ?? ports[name] ?? port.number
        }
    }
}
