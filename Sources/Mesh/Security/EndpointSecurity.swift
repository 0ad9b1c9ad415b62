// How connections to one endpoint are encrypted, and why: a DestinationRule's word first, else auto
// mTLS (Istio's mtls_checker.go). Compiler and `explain` ask here, so the two cannot disagree.
internal import Spec

struct EndpointSecurity {
    /// What was decided for an endpoint.
    enum Verdict: Equatable {
        /// A DestinationRule says so.
        case rule(ClientTLSSettings.Mode, Origin)
        /// Auto mTLS found a proxy.
        case mutual(SidecarPresence.Evidence)
        case plain(Reason)

        enum Reason: Equatable {
            case external
            case noSidecar
            case deniedByLabel
            case disabled(Origin?)
            /// A DestinationRule's `tls` for all ports, where the port has settings without one:
            /// it keeps auto mTLS away and does no more (Istio trafficPolicyTLSModeForPort).
            case rule(ClientTLSSettings.Mode, Origin)
            /// It would be mutual TLS, if this proxy had anything to show.
            case noIdentity(PeerAuthenticationIndex.Mode)
        }
    }

    let node: Node
    let peers: PeerAuthenticationIndex
    let presence: SidecarPresence

    init(_ objects: ObjectSet, node: Node) {
        self.node = node
        peers = PeerAuthenticationIndex(
            objects.peerAuthentications, rootNamespace: node.rootNamespace)
        presence = SidecarPresence(objects.sidecars)
    }

    /// What holds for all endpoints of a cluster, looked up once for however many there are.
    struct Terms {
        fileprivate let rule: MergedRule.TLS?
        fileprivate let inferred: MergedRule.TLS?
        fileprivate let isExternal: Bool
    }

    func terms(
        of service: RegisteredService, _ rule: MergedRule?, port: UInt16, subset: String
    ) -> Terms {
        Terms(
            rule: rule?.tls(port: port, subset: subset),
            inferred: rule?.inferredTLS(port: port, subset: subset),
            isExternal: service.isExternal)
    }

    func verdict(for endpoint: Endpoint, on terms: Terms) -> Verdict {
        if let rule = terms.rule { return .rule(rule.settings.mode, rule.origin) }
        if let inferred = terms.inferred, inferred.settings.mode != .istioMutual {
            return .plain(.rule(inferred.settings.mode, inferred.origin))
        }
        let isAsked = terms.inferred != nil
        if !isAsked, terms.isExternal { return .plain(.external) }
        let namespace = endpoint.workload.namespace
        let evidence = presence.evidence(
            namespace: namespace, labels: endpoint.labels, port: endpoint.port)
        if !isAsked {
            switch evidence {
            case .none: return .plain(.noSidecar)
            case .deniedByLabel: return .plain(.deniedByLabel)
            case .label, .listener: break
            }
        }
        let answer = peers.answer(
            namespace: namespace, labels: endpoint.labels, port: endpoint.port)
        if !isAsked, answer.mode == .disable { return .plain(.disabled(answer.origin)) }
        guard node.hasIdentity else { return .plain(.noIdentity(answer.mode)) }
        return .mutual(evidence)
    }

    /// The SPIFFE ids that a service's workloads may have, each once and in order; empty where no
    /// workload names its service account.
    func identities(of endpoints: [Endpoint]) -> [String] {
        var ids: Set<String> = []
        for endpoint in endpoints {
            var account = endpoint.workload.serviceAccount
            // What Kubernetes gives every pod without one, and our sidecars a WorkloadEntry.
            let kind = endpoint.origin.object.kind
            if account.isEmpty, kind == Pod.kind || kind == WorkloadEntry.kind {
                account = "default"
            }
            guard !account.isEmpty, !endpoint.workload.namespace.isEmpty else { continue }
            ids.insert(
                MeshTLS.spiffeID(
                    trustDomain: node.trustDomain, namespace: endpoint.workload.namespace,
                    serviceAccount: account))
        }
        return ids.sorted()
    }
}
