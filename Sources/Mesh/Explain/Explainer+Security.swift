// Whether an endpoint is called by mutual TLS, and why: the reasons of auto mTLS in words.
// Asked of the same decision that the compiler asks, so what is said here is what happens.
internal import Spec

extension Explainer {
    /// What decides about TLS, made once for an explanation.
    struct Security {
        let registry: ServiceRegistry
        let rules: DestinationRuleIndex
        let decision: EndpointSecurity

        init(_ objects: ObjectSet, node: Node) {
            var unheard = Findings()
            registry = ServiceRegistry(objects, domain: node.domain, findings: &unheard)
            rules = DestinationRuleIndex(objects.destinationRules, node: node)
            decision = EndpointSecurity(objects, node: node)
        }
    }

    /// Nil where there is nothing to say: plain text from a gateway to what nobody calls a member
    /// of the mesh.
    func security(of endpoint: Endpoint, in cluster: Cluster) -> String? {
        guard let service = security.registry.service(cluster.host, in: cluster.namespace) else {
            return nil
        }
        let terms = security.decision.terms(
            of: service, security.rules.rule(for: service), port: cluster.port,
            subset: cluster.subset)
        let verdict = security.decision.verdict(for: endpoint, on: terms)
        if node.role == .gateway, verdict == .plain(.noSidecar) || verdict == .plain(.external) {
            return nil
        }
        guard let tls = endpoint.tls else { return "plain text: \(verdict.text)" }
        var text = tls.isMeshMutual ? "mutual TLS of the mesh: " : "TLS: "
        text += verdict.text
        if let name = tls.serverName { text += "; SNI \(name)" }
        if !tls.subjectAltNames.isEmpty {
            text += "; the server has to be \(tls.subjectAltNames.joined(separator: " or "))"
        }
        return text
    }
}

extension EndpointSecurity.Verdict {
    /// The reason alone.
    fileprivate var text: String {
        switch self {
        case .rule(let mode, let origin):
            "tls \(mode.rawValue) of \(origin.object) \(origin.location)"
        case .mutual(.label): "its label \(SidecarPresence.label) says that it has a sidecar"
        case .mutual(.listener(let origin)):
            "\(origin.object) \(origin.location) has a listener there"
        case .mutual(.deniedByLabel), .mutual(.none):
            "the DestinationRule's mode for all ports asks for it"
        case .plain(.external): "the service is outside of the mesh"
        case .plain(.noSidecar):
            "no Sidecar has a listener there, and no label \(SidecarPresence.label) says that it "
                + "has a sidecar"
        case .plain(.deniedByLabel):
            "its label \(SidecarPresence.label) says that it has no sidecar"
        case .plain(.disabled(let origin)):
            "DISABLE" + (origin.map { " of \($0.object) \($0.location)" } ?? "")
        case .plain(.rule(let mode, let origin)):
            "tls \(mode.rawValue) of \(origin.object) \(origin.location) keeps auto mTLS away"
        case .plain(.noIdentity(let mode)):
            "this proxy has no identity to show"
                + (mode == .strict ? ", and the workload takes mutual TLS alone" : "")
        }
    }
}
