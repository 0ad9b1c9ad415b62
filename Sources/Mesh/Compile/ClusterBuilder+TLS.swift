// How connections to the members of a cluster are encrypted.
// Members that are treated alike share one object, so that the data plane keeps one context and one
// pool for them.
internal import Spec

extension ClusterBuilder {
    /// - Parameter all: the endpoints of the port, in whatever subset: their identities are the
    ///   service's.
    mutating func secured(
        _ members: [Endpoint], of service: RegisteredService, _ key: ClusterKey,
        _ rule: MergedRule?, all: [Endpoint]
    ) -> [Endpoint] {
        var explicit: UpstreamTLS?
        var mutual: UpstreamTLS?
        var withheld: [PeerAuthenticationIndex.Mode] = []
        let terms = security.terms(of: service, rule, port: key.port, subset: key.subset)
        let secured = members.map { endpoint -> Endpoint in
            switch security.verdict(for: endpoint, on: terms) {
            case .rule(.disable, _): return endpoint
            case .rule:
                guard let found = rule?.tls(port: key.port, subset: key.subset) else {
                    return endpoint
                }
                let tls = explicit ?? originated(found, service, key, all: all)
                explicit = tls
                return endpoint.secured(by: tls)
            case .mutual:
                let tls =
                    mutual
                    ?? meshMutual(
                        service, key, all: all, origin: service.origins[0])
                mutual = tls
                return endpoint.secured(by: tls)
            case .plain(.noIdentity(let mode)):
                withheld.append(mode)
                return endpoint
            case .plain: return endpoint
            }
        }
        tellOfIdentity(withheld, service)
        return secured
    }

    private mutating func originated(
        _ found: MergedRule.TLS, _ service: RegisteredService, _ key: ClusterKey, all: [Endpoint]
    ) -> UpstreamTLS {
        let settings = found.settings
        let names =
            settings.subjectAltNames.isEmpty ? service.subjectAltNames : settings.subjectAltNames
        if settings.mode == .istioMutual {
            if !security.node.hasIdentity {
                findings.report(
                    .warning, found.rule, at: settings.position, "spec.trafficPolicy.tls",
                    "ISTIO_MUTUAL to \(service.host), and this proxy has no identity: its "
                        + "requests get 503 UF",
                    advice: "start it with --identity or --ca")
            }
            return meshMutual(
                service, key, all: all, origin: found.origin, serverName: settings.sni,
                names: settings.subjectAltNames)
        }
        let secret =
            settings.credentialName.isEmpty
            ? nil : credential(settings.credentialName, found)
        var identity: TLSCredential?
        if settings.mode == .mutual {
            identity =
                secret
                ?? .files(certificate: settings.clientCertificate, key: settings.privateKey)
        }
        let trust: UpstreamTLS.Trust
        if settings.insecureSkipVerify == true {
            trust = .nobody
        } else if case .secret(let namespace, let name) = secret {
            trust = .secret(namespace: namespace, name: name)
        } else if !settings.caCertificates.isEmpty {
            trust = .file(settings.caCertificates)
        } else {
            trust = .system
        }
        return UpstreamTLS(
            serverName: settings.sni.isEmpty ? nil : settings.sni, identity: identity,
            trust: trust, revocationFile: settings.caCrl.isEmpty ? nil : settings.caCrl,
            subjectAltNames: names, origin: found.origin)
    }

    private mutating func meshMutual(
        _ service: RegisteredService, _ key: ClusterKey, all: [Endpoint], origin: Origin,
        serverName: String = "", names: [String] = []
    ) -> UpstreamTLS {
        var names = names
        if names.isEmpty {
            names = Set(security.identities(of: all) + service.subjectAltNames).sorted()
            if names.isEmpty { tellOfAnybody(service) }
        }
        return UpstreamTLS(
            isMeshMutual: true,
            serverName: serverName.isEmpty
                ? ClusterKey.serverName(host: key.host, port: key.port, subset: key.subset)
                : serverName,
            identity: .workload, trust: .workload, subjectAltNames: names, origin: origin)
    }

    /// IST0101, for Secrets of clients. The proxy's own namespace comes first, as in Istio.
    private mutating func credential(_ name: String, _ found: MergedRule.TLS) -> TLSCredential? {
        let path = "spec.trafficPolicy.tls.credentialName"
        switch secrets.look(
            for: name, namespaces: [security.node.namespace, found.rule.namespace])
        {
        case .found(let credential): return credential
        case .missing(let credential, let advice):
            findings.report(
                .warning, found.rule, at: found.settings.position, path,
                "there is no \(credential): requests to \(found.rule.host.value) get 503 UF",
                advice: advice)
            return credential
        case .unserved(let written):
            findings.report(
                .warning, found.rule, at: found.settings.position, path,
                "\"\(written)\" means nothing outside of Kubernetes: requests to "
                    + "\(found.rule.host.value) get 503 UF",
                advice: "write the name of a Secret")
            return .secret(namespace: security.node.namespace, name: written)
        }
    }

    private mutating func tellOfIdentity(
        _ withheld: [PeerAuthenticationIndex.Mode], _ service: RegisteredService
    ) {
        guard !withheld.isEmpty else { return }
        let refused = withheld.count { $0 == .strict }
        let object = service.origins[0]
        findings.add(
            Diagnostic(
                severity: .warning, location: object.location, object: object.object,
                message: refused > 0
                    ? "\(service.host) takes mutual TLS alone (STRICT), and this proxy has no "
                        + "identity: its requests get 503"
                    : "\(service.host) takes mutual TLS, and this proxy has no identity: it is "
                        + "asked in plain text",
                advice: "start the proxy with --identity or --ca"))
    }

    private mutating func tellOfAnybody(_ service: RegisteredService) {
        let object = service.origins[0]
        findings.add(
            Diagnostic(
                severity: .warning, location: object.location, object: object.object,
                message: "no workload behind \(service.host) names its serviceAccount: any "
                    + "identity of the mesh is taken for it",
                advice: "write serviceAccount at its WorkloadEntries or pods"))
    }
}

extension Endpoint {
    fileprivate func secured(by tls: UpstreamTLS) -> Endpoint {
        Endpoint(
            address: address, isName: isName, port: port, weight: weight, locality: locality,
            labels: labels,
            workload: workload, tls: tls, origin: origin)
    }
}
