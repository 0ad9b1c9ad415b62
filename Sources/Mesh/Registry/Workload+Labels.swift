// The names telemetry gives a workload, read off its labels as Istio's do.
// Without a Kubernetes API there is no owner to ask, so a pod's template hash tells what its
// Deployment is called.
public import Spec

extension Workload {
    /// The workload a sidecar stands beside; nil for gateways, and where there is none of the name.
    public init?(of node: Node, in objects: ObjectSet) {
        guard case .sidecar(let name) = node.role else { return nil }
        let isIt = { (object: any Resource) in
            object.key.name == name && object.key.namespace == node.namespace
        }
        if let entry = objects.workloadEntries.first(where: isIt) {
            self.init(entry)
        } else if let pod = objects.pods.first(where: isIt) {
            self.init(pod)
        } else {
            return nil
        }
    }

    init(_ pod: Pod) {
        self.init(
            name: Self.templateName(of: pod), namespace: pod.namespace,
            labels: pod.metadata.labels, serviceAccount: pod.serviceAccount)
    }

    init(_ entry: WorkloadEntry) {
        self.init(
            name: entry.name, namespace: entry.namespace, labels: entry.labels,
            serviceAccount: entry.endpoint.serviceAccount)
    }

    init(_ endpoint: WorkloadEndpoint, namespace: String) {
        self.init(
            name: endpoint.labels["app"] ?? "", namespace: namespace, labels: endpoint.labels,
            serviceAccount: endpoint.serviceAccount)
    }

    private init(
        name: String, namespace: String, labels: [String: String], serviceAccount: String
    ) {
        self.init()
        self.name = name
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        app = labels["app"] ?? ""
        version = labels["version"] ?? ""
        canonicalService =
            labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"]
            ?? labels["app"] ?? name
        canonicalRevision =
            labels["service.istio.io/canonical-revision"] ?? labels["app.kubernetes.io/version"]
            ?? labels["version"] ?? "latest"
    }

    /// `reviews-v1` of pod `reviews-v1-6f5d8b7c9-x2x7p`, whose label `pod-template-hash` is
    /// `6f5d8b7c9`; the pod's own name where it has no template.
    private static func templateName(of pod: Pod) -> String {
        guard let hash = pod.metadata.labels["pod-template-hash"], !hash.isEmpty else {
            return pod.name
        }
        let parts = pod.name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 2, parts[parts.count - 2] == hash else { return pod.name }
        return parts.dropLast(2).joined(separator: "-")
    }
}
