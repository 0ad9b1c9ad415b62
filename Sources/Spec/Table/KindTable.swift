// Every kind of object that is read, and every kind that people keep in the same folders.
// A folder made for a cluster holds Deployments and Roles too: they are passed over with a line
// each, and what is merely misspelled stands out.

enum KindTable {
    static let rows: [KindRow] =
        rows(
            "networking.istio.io", ["v1", "v1beta1", "v1alpha3"], .read,
            [
                "Gateway", "VirtualService", "DestinationRule", "ServiceEntry", "WorkloadEntry",
                "Sidecar",
            ])
        + rows("security.istio.io", ["v1", "v1beta1"], .read, ["PeerAuthentication"])
        + rows("", ["v1"], .read, ["Service", "Endpoints", "Pod", "Secret"])
        + rows("discovery.k8s.io", ["v1", "v1beta1"], .read, ["EndpointSlice"])
        + rows(
            "networking.istio.io", ["v1", "v1beta1", "v1alpha3"], .notYet,
            ["WorkloadGroup", "ProxyConfig"])
        + rows(
            "networking.istio.io", ["v1alpha3"],
            .never("it patches Envoy's own configuration, and this is not Envoy"),
            ["EnvoyFilter"])
        + rows(
            "security.istio.io", ["v1", "v1beta1"], .notEnforcedYet,
            ["RequestAuthentication", "AuthorizationPolicy"])
        + rows("telemetry.istio.io", ["v1", "v1alpha1"], .notYet, ["Telemetry"])
        + rows(
            "extensions.istio.io", ["v1alpha1"], .never("there is no Wasm here"),
            ["WasmPlugin", "TrafficExtension"])
        + rows("install.istio.io", ["v1alpha1"], .unused, ["IstioOperator"])
        + rows(
            "gateway.networking.k8s.io", ["v1", "v1beta1", "v1alpha2", "v1alpha3"], .notYet,
            [
                "Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute",
                "UDPRoute", "ReferenceGrant", "BackendTLSPolicy", "ListenerSet",
            ])
        + rows(
            "gateway.networking.x-k8s.io", ["v1alpha1"], .notYet,
            ["XListenerSet", "XBackendTrafficPolicy"])
        + rows("networking.k8s.io", ["v1", "v1beta1"], .notYet, ["Ingress", "IngressClass"])
        + rows("networking.k8s.io", ["v1"], .unused, ["NetworkPolicy"])
        + rows(
            "", ["v1"], .unused,
            [
                "ServiceAccount", "ConfigMap", "Namespace", "Node", "PersistentVolume",
                "PersistentVolumeClaim", "ReplicationController", "Event", "LimitRange",
                "ResourceQuota", "PodTemplate",
            ])
        + rows(
            "apps", ["v1", "v1beta1", "v1beta2"], .unused,
            ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ControllerRevision"])
        + rows("extensions", ["v1beta1"], .unused, ["Deployment", "DaemonSet", "ReplicaSet"])
        + rows("extensions", ["v1beta1"], .notYet, ["Ingress"])
        + rows("batch", ["v1", "v1beta1"], .unused, ["Job", "CronJob"])
        + rows(
            "autoscaling", ["v2", "v1", "v2beta1", "v2beta2"], .unused,
            ["HorizontalPodAutoscaler"])
        + rows("policy", ["v1", "v1beta1"], .unused, ["PodDisruptionBudget", "PodSecurityPolicy"])
        + rows(
            "rbac.authorization.k8s.io", ["v1", "v1beta1"], .unused,
            ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"])
        + rows("storage.k8s.io", ["v1"], .unused, ["StorageClass"])
        + rows("scheduling.k8s.io", ["v1"], .unused, ["PriorityClass"])
        + rows("coordination.k8s.io", ["v1"], .unused, ["Lease"])
        + rows(
            "apiextensions.k8s.io", ["v1", "v1beta1"], .unused, ["CustomResourceDefinition"])
        + rows(
            "admissionregistration.k8s.io", ["v1", "v1beta1"], .unused,
            ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
        + rows(
            "cert-manager.io", ["v1", "v1alpha2"], .unused,
            ["Certificate", "CertificateRequest", "Issuer", "ClusterIssuer"])
        + rows("certmanager.k8s.io", ["v1alpha1"], .unused, ["Certificate", "ClusterIssuer"])
        + rows(
            "kustomize.config.k8s.io", ["v1beta1", "v1alpha1"], .unused,
            ["Kustomization", "Component"])
        + rows(
            "monitoring.coreos.com", ["v1"], .unused,
            ["ServiceMonitor", "PodMonitor", "PrometheusRule"])

    private static func rows(
        _ group: String, _ versions: [String], _ standing: KindStanding, _ kinds: [String]
    ) -> [KindRow] {
        kinds.map { KindRow(kind: $0, group: group, versions: versions, standing: standing) }
    }

    private static let byKind = Dictionary(grouping: rows, by: \.kind)

    enum LookUp {
        case found(KindRow)
        /// What is wrong, and what was probably meant.
        case unknown(message: String, advice: String)
    }

    static func lookUp(apiVersion: String, kind: String) -> LookUp {
        let slash = apiVersion.lastIndex(of: "/")
        let group = slash.map { String(apiVersion[..<$0]) } ?? ""
        let version = slash.map { String(apiVersion[apiVersion.index(after: $0)...]) }
        let candidates = byKind[kind] ?? []
        if let row = candidates.first(where: { $0.group == group }) {
            if row.versions.contains(version ?? apiVersion) { return .found(row) }
            return .unknown(
                message: "\(apiVersion) is no version of \(kind) that is known; it is ignored",
                advice: "write apiVersion: \(row.apiVersion)")
        }
        if let row = candidates.first {
            return .unknown(
                message: "\(apiVersion) has no kind \(kind); it is ignored",
                advice: "write apiVersion: \(row.apiVersion)")
        }
        let near = Spelling.nearest(to: kind, among: byKind.keys.sorted())
        return .unknown(
            message: "the kind \(kind) (\(apiVersion)) is not known; it is ignored",
            advice: near.map { "did you mean `\($0)`?" } ?? "nothing in it acts here")
    }
}
