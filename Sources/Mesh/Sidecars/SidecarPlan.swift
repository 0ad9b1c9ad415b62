// What a sidecar will listen on, before any route is made for it.
// Worked out anew at every compile, for it is small; when it comes out the same, and services and
// rules did not change either, the routes of the snapshot before live on.
internal import Spec

struct SidecarPlan: Equatable {
    /// A port on which requests come to the workload.
    struct Inbound: Equatable {
        let bind: String
        /// The workload's port: what clients connect to and PeerAuthentication speaks of.
        let port: UInt16
        let protocolName: PortProtocol
        let authentication: PeerAuthenticationIndex.Answer
        /// Of the service the port belongs to; empty where it belongs to none.
        let host: String
        let namespace: String
        let target: InboundTarget
        /// TLS that is not the mesh's; nil where PeerAuthentication decides alone.
        let tls: ServerTLSSettings?
        let origin: Origin
    }

    /// A port on which requests of the workload go out.
    struct Outbound: Equatable {
        enum Speech: Equatable {
            case http, tcp, tls
        }

        let bind: String
        /// 0 for unix sockets.
        let port: UInt16
        let speech: Speech
        /// Requests for any port of a service are taken, as the Host says; otherwise only those for
        /// the listener's own port are known.
        let isForAllPorts: Bool
        let hosts: EgressHosts
        let origin: Origin
        /// Redirected connections arrive there.
        var isGate = false
        /// Whose rules hold there: the mesh's, or a Gateway's that is a forward proxy.
        var gatewayName = GatewayName.mesh
        /// Nothing is bound: it says what a destination's port is to captured connections.
        var isCaptured = false
    }

    let workload: SidecarWorkload
    /// The Sidecar that applies.
    let sidecar: Origin?
    private(set) var inbound: [Inbound] = []
    private(set) var outbound: [Outbound] = []
    /// What captured connections may reach; none where nothing is captured.
    private(set) var captured: [CapturedScope] = []
    /// What connections to ports that no service has may be; nil where those are not captured.
    private(set) var undeclared: PeerAuthenticationIndex.Answer?
    let policy: Sidecar.OutboundTrafficPolicy.Mode
    /// Where requests to unknown hosts go, with the listener's port left open.
    let egressProxy: DestinationQuestion?
    private(set) var diagnostics: [Diagnostic] = []

    /// Where the application sends requests when no Sidecar says otherwise (Istio's outbound port).
    static let defaultPort: UInt16 = 15001
    static let loopback = "127.0.0.1"

    /// Nil where there is no such workload; `findings` says so.
    init?(
        of name: String, _ objects: ObjectSet, node: Node, registry: ServiceRegistry,
        security: EndpointSecurity, findings: inout Findings
    ) {
        guard
            let workload = SidecarWorkload.find(name, in: node.namespace, objects, &findings)
        else { return nil }
        self.workload = workload
        let sidecar = Self.sidecar(for: workload, objects.sidecars, node: node)
        self.sidecar = sidecar.map { Origin($0) }
        policy = sidecar?.outboundTrafficPolicy?.mode ?? .allowAny
        egressProxy = sidecar.flatMap { sidecar in
            sidecar.outboundTrafficPolicy?.egressProxy.map {
                DestinationQuestion(
                    host: $0.host, subset: $0.subset, port: $0.port,
                    namespace: sidecar.namespace, listenerPort: 0)
            }
        }
        var draft = SidecarDraft(
            workload: workload, sidecar: sidecar, node: node, registry: registry,
            security: security)
        draft.makeInbound(objects)
        draft.makeOutbound()
        if node.capture?.inboundBind != nil {
            undeclared = security.peers.answer(
                namespace: workload.namespace, labels: workload.labels, port: 0)
        }
        inbound = draft.inbound
        outbound = draft.outbound
        captured = draft.captured
        diagnostics = draft.findings.diagnostics
    }

    /// Istio's precedence: a selector in the workload's namespace, the namespace's own, the root's;
    /// the oldest of each.
    static func sidecar(
        for workload: SidecarWorkload, _ sidecars: [Sidecar], node: Node
    ) -> Sidecar? {
        let own = sidecars.filter { $0.namespace == workload.namespace }
        return own.first {
            !$0.workloadSelector.isEmpty && workload.labels.satisfies($0.workloadSelector)
        } ?? own.first { $0.workloadSelector.isEmpty }
            ?? sidecars.first {
                $0.namespace == node.rootNamespace && $0.workloadSelector.isEmpty
            }
    }
}
