// A small mesh written as YAML: services with workloads, and the sidecar of one of them.
import Mesh
import Spec
import Testing

/// Compiled for the sidecar of `workload`, which has an identity.
struct MeshWorld {
    static func sidecar(
        _ workload: String = "caller", namespace: String = "default", hasIdentity: Bool = true,
        trustDomain: String = "cluster.local"
    ) -> Node {
        var node = Node.sidecar(of: workload, defaultNamespace: namespace)
        node.hasIdentity = hasIdentity
        node.trustDomain = trustDomain
        return node
    }

    static let gateway = Node(hasIdentity: true)
}

extension Piece {
    /// The workload whose sidecar most tests look at; nobody calls it.
    static let caller = workload("caller", app: "caller", address: "10.0.9.9")

    /// `spec` is what stands below `spec:`, not indented.
    static func sidecar(
        named name: String = "caller", namespace: String = "default", app: String? = "caller",
        _ spec: String
    ) -> String {
        """
        kind: Sidecar
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
        \((app.map { "workloadSelector: {labels: {app: \($0)}}\n" } ?? "").indented(2))
        \(spec.indented(2))
        """
    }

    /// One egress listener.
    static func egress(
        _ port: Int, protocolName: String = "HTTP", hosts: String = "'*/*'", extra: String = ""
    ) -> String {
        sidecar(
            """
            egress:
            - port: {number: \(port), protocol: \(protocolName), name: out}
              captureMode: NONE
              hosts: [\(hosts)]
            \(extra.indented(2))
            """)
    }

    static func peerAuthentication(
        _ name: String = "peers", namespace: String = "default", _ spec: String
    ) -> String {
        """
        kind: PeerAuthentication
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
        \(spec.indented(2))
        """
    }

    static func mtls(_ mode: String, namespace: String = "default") -> String {
        peerAuthentication("mode-\(namespace)", namespace: namespace, "mtls: {mode: \(mode)}")
    }

    static func destinationRule(
        named name: String = "dr", namespace: String = "default", _ spec: String
    ) -> String {
        """
        kind: DestinationRule
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
        \(spec.indented(2))
        """
    }

    /// A service whose workload carries the injector's label and a service account.
    static func meshed(
        _ name: String, namespace: String = "default", account: String? = nil,
        ports: String = "{name: http, port: 80}", label: String? = "istio"
    ) -> String {
        let mode = label.map { ", security.istio.io/tlsMode: \($0)" } ?? ""
        let labels = "labels: {app: \(name)\(mode)}"
        return service(name, namespace: namespace, ports: ports) + "\n---\n"
            + """
            kind: WorkloadEntry
            metadata: {name: \(name)-1, namespace: \(namespace)}
            spec:
              address: 10.0.0.1
              \(labels)
              serviceAccount: \(account ?? "\(name)-account")
            """
    }
}

extension World {
    /// The TLS of the only endpoint of a cluster that a plain route on port 80 leads to.
    func tls(_ cluster: String = Piece.a) -> UpstreamTLS? {
        self.cluster(cluster)?.endpoints.first?.tls
    }
}
