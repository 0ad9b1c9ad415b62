// The proxy a snapshot is compiled for: its labels, where it lives, and what it may bind.
// Nothing here is read from the machine, so that the same files and node give the same snapshot.

/// Who is asking for a configuration.
public struct Node: Sendable, Equatable {
    public enum Role: Sendable, Equatable {
        /// An ingress or egress gateway: Gateways decide what it listens on.
        case gateway
        /// The proxy beside a workload: the WorkloadEntry or Pod of this name in the node's
        /// namespace says which labels, service account, address and ports it has.
        case sidecar(workload: String)
    }

    public var role: Role
    /// `region/zone/subzone`; empty where the proxy does not know its place.
    public var locality: String
    /// What Gateway selectors look at; `istio: ingressgateway` or `istio: egressgateway` by custom.
    public var labels: [String: String]
    /// The namespace the proxy counts as living in; decides what `exportTo` shows it.
    public var namespace: String
    /// Declared port to bound port, for those who may not bind 80; a port not in it is bound as is.
    public var portMap: [UInt16: UInt16]
    /// The address for servers without `bind`.
    public var bindAddress: String
    /// What short names end in.
    public var domain: String
    /// Where rules for everybody live (MeshConfig.rootNamespace).
    public var rootNamespace: String
    /// What SPIFFE ids of this mesh begin with: `spiffe://cluster.local/...`.
    public var trustDomain: String
    /// The proxy has a certificate of the mesh to show: without one it cannot take part in mutual
    /// TLS, whatever the rules say.
    public var hasIdentity: Bool
    /// Connections of the workload are redirected to this proxy; nil for one that applications
    /// have to call themselves. Sidecars alone.
    public var capture: Capture?

    public init(
        role: Role = .gateway, locality: String = "",
        labels: [String: String] = ["istio": "ingressgateway"],
        namespace: String = "istio-system", portMap: [UInt16: UInt16] = [:],
        bindAddress: String = "0.0.0.0", domain: String = "cluster.local",
        rootNamespace: String = "istio-system",
        trustDomain: String = "cluster.local", hasIdentity: Bool = false,
        capture: Capture? = nil
    ) {
        self.role = role
        self.locality = locality
        self.labels = labels
        self.namespace = namespace
        self.portMap = portMap
        self.bindAddress = bindAddress
        self.domain = domain
        self.rootNamespace = rootNamespace
        self.trustDomain = trustDomain
        self.hasIdentity = hasIdentity
        self.capture = capture
    }

    /// The proxy beside a workload, `reviews-v1` or `reviews-v1.default`: everything behind the
    /// first dot is its namespace.
    public static func sidecar(of workload: String, defaultNamespace: String) -> Node {
        let dot = workload.firstIndex(of: ".")
        let name = String(workload[..<(dot ?? workload.endIndex)])
        let namespace = dot.map { String(workload[workload.index(after: $0)...]) }
        // Its address for servers is the workload's, its labels as well.
        return Node(
            role: .sidecar(workload: name), labels: [:],
            namespace: namespace ?? defaultNamespace, bindAddress: "127.0.0.1")
    }

    /// Whether its clients are of the mesh and what they call outside is called on their behalf:
    /// sidecars, and gateways that say `istio: egressgateway`, as Istio's own do. Any other gateway
    /// is a reverse proxy for whoever comes, wherever its routes lead.
    var callsForMesh: Bool { role != .gateway || labels["istio"] == "egressgateway" }

    func boundPort(for declared: UInt16) -> UInt16 { portMap[declared] ?? declared }
}
