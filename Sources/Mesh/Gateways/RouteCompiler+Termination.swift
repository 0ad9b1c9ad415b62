// From the `tls` of a Gateway's server to how TLS ends there.
// Certificates themselves stay outside: a snapshot holds their names, so that a dump of it can be
// shown to anybody, and a new certificate needs no new snapshot.
internal import Spec

extension RouteCompiler {
    /// Says what is missing; a server without its certificate is kept, and its handshakes fail.
    mutating func termination(of plan: ListenerPlan.Server) -> TLSTermination? {
        guard let tls = plan.server.tls?.fields, let mode = tls.mode else { return nil }
        let clients: TLSTermination.ClientCertificates
        switch mode {
        case .simple: clients = .ignored
        case .mutual: clients = .required
        case .optionalMutual: clients = .optional
        case .istioMutual: return meshTermination(of: plan)
        case .passthrough, .autoPassthrough: return nil
        }
        let credentials = credentials(tls, of: plan)
        var clientCA: TLSTermination.Credential?
        var clientCAFile: String?
        if clients != .ignored {
            if !tls.caCertCredentialName.isEmpty {
                clientCA = credential(
                    tls.caCertCredentialName, of: plan, field: "caCertCredentialName")
            } else if !tls.caCertificates.isEmpty {
                clientCAFile = tls.caCertificates
            } else {
                clientCAFile = tls.tlsCertificates.lazy.map(\.caCertificates).first { !$0.isEmpty }
            }
        }
        return Self.termination(
            tls, credentials, clients, clientCA: clientCA, clientCAFile: clientCAFile,
            origin: Origin(plan.gateway, at: tls.position))
    }

    /// Of an ingress listener of a Sidecar, whose certificates come from files; nil where TLS goes
    /// through as it is.
    static func termination(
        _ tls: ServerTLSSettings.Fields, applicationProtocols: [String], origin: Origin
    ) -> TLSTermination? {
        let clients: TLSTermination.ClientCertificates
        switch tls.mode {
        case .simple: clients = .ignored
        case .mutual: clients = .required
        case .optionalMutual: clients = .optional
        case nil, .passthrough, .autoPassthrough, .istioMutual: return nil
        }
        return termination(
            tls, [.files(certificate: tls.serverCertificate, key: tls.privateKey)], clients,
            clientCA: nil, clientCAFile: clients == .ignored ? nil : tls.caCertificates,
            applicationProtocols: applicationProtocols, origin: origin)
    }

    private static func termination(
        _ tls: ServerTLSSettings.Fields, _ credentials: [TLSTermination.Credential],
        _ clients: TLSTermination.ClientCertificates, clientCA: TLSTermination.Credential?,
        clientCAFile: String?, applicationProtocols: [String] = MeshTLS.httpProtocols,
        origin: Origin
    ) -> TLSTermination {
        let highest = tls.maxProtocolVersion.number ?? 0x0304
        return TLSTermination(
            credentials: credentials, clientCA: clientCA, clientCAFile: clientCAFile,
            revocationFile: clients == .ignored || tls.caCrl.isEmpty ? nil : tls.caCrl,
            clientCertificates: clients,
            skipsVerification: clients != .ignored && tls.insecureSkipVerify == true,
            subjectAltNames: clients == .ignored ? [] : tls.subjectAltNames,
            publicKeyPins: clients == .ignored ? [] : tls.verifyCertificateSpki,
            certificatePins: clients == .ignored
                ? [] : tls.verifyCertificateHash.map { $0.lowercased().filter { $0 != ":" } },
            // TLS 1.2 where nothing is said, unless that is above the highest that is.
            minVersion: tls.minProtocolVersion.number ?? min(0x0303, highest),
            maxVersion: highest, cipherSuites: suites(tls.cipherSuites),
            applicationProtocols: applicationProtocols, origin: origin)
    }

    /// Unknown names and second ones are dropped; the reader has said so.
    private static func suites(_ written: [Located<String>]) -> [String] {
        var suites: [String] = []
        for suite in written.map(\.value) {
            if ServerTLSSettings.cipherSuites.contains(suite), !suites.contains(suite) {
                suites.append(suite)
            }
        }
        return suites
    }

    /// ISTIO_MUTUAL: the proxy's own identity, and peers of the mesh alone.
    private mutating func meshTermination(of plan: ListenerPlan.Server) -> TLSTermination {
        let mode = plan.server.tls?.fields.position
        if !node.hasIdentity {
            findings.report(
                .warning, plan.gateway, at: mode, "spec.servers[\(plan.index)].tls.mode",
                "ISTIO_MUTUAL shows the proxy's identity, and this one has none: TLS handshakes "
                    + "with this server fail",
                advice: "start it with --identity or --ca")
        }
        return MeshTLS.termination(
            applicationProtocols: plan.handling == .http
                ? MeshTLS.httpProtocols : MeshTLS.byteProtocols + MeshTLS.httpProtocols,
            origin: Origin(plan.gateway, at: mode ?? plan.server.position))
    }

    private mutating func credentials(
        _ tls: ServerTLSSettings.Fields, of plan: ListenerPlan.Server
    ) -> [TLSTermination.Credential] {
        if !tls.credentialName.isEmpty {
            return [credential(tls.credentialName, of: plan, field: "credentialName")]
                .compactMap { $0 }
        }
        if !tls.credentialNames.isEmpty {
            var found: [TLSTermination.Credential] = []
            for (index, name) in tls.credentialNames.enumerated() {
                let field = "credentialNames[\(index)]"
                if let credential = credential(name, of: plan, field: field) {
                    found.append(credential)
                }
            }
            return found
        }
        if !tls.tlsCertificates.isEmpty {
            return tls.tlsCertificates.map {
                .files(certificate: $0.serverCertificate, key: $0.privateKey)
            }
        }
        return [.files(certificate: tls.serverCertificate, key: tls.privateKey)]
    }

    /// IST0101, for Secrets.
    private mutating func credential(
        _ name: String, of plan: ListenerPlan.Server, field: String
    ) -> TLSTermination.Credential? {
        let path = "spec.servers[\(plan.index)].tls.\(field)"
        let tls = plan.server.tls?.fields
        let position =
            field == "caCertCredentialName" ? tls?.position : tls?.credentialPosition
        switch secrets.look(
            for: name, namespaces: [node.namespace, plan.gateway.namespace])
        {
        case .found(let credential): return credential
        case .missing(let credential, let advice):
            findings.report(
                .warning, plan.gateway, at: position, path,
                "there is no \(credential): TLS handshakes with this server fail", advice: advice)
            return credential
        case .unserved(let written):
            findings.report(
                .warning, plan.gateway, at: position, path,
                "\"\(written)\" means nothing outside of Kubernetes: TLS handshakes with this "
                    + "server fail",
                advice: "write the name of a Secret")
            return nil
        }
    }
}

extension ServerTLSSettings.Version {
    /// As it goes over the wire; nil for "choose for me".
    fileprivate var number: UInt16? {
        switch self {
        case .automatic: nil
        case .tls10: 0x0301
        case .tls11: 0x0302
        case .tls12: 0x0303
        case .tls13: 0x0304
        }
    }
}
