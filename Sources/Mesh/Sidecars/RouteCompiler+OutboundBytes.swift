// Ports on which connections leave a workload as they are: one destination for bytes, one a server
// name for TLS.
// Bytes name no host. Behind captured packets the address they were meant for would tell it; here
// the listener's port and its `hosts` have to.
internal import Spec

extension RouteCompiler {
    mutating func outboundRoute(
        _ plan: SidecarPlan.Outbound, _ mesh: [AttachedVirtualService]
    ) -> TCPRoute? {
        let services = services(of: plan).filter { $0.hasPort(plan.port) }
        let scope = Self.meshScope(plan.port)
        let rules = MeshRules(mesh.filter { !$0.object.tcp.isEmpty }, hosts: plan.hosts)
        let meant = rules.all.filter { rule in
            services.isEmpty
                || services.contains { service in
                    rule.hosts.contains { HostName.isWithin(service.host, $0) }
                }
        }
        let (whole, narrower) = ruledBytes(meant, scope)
        if let whole { return whole.narrowed(by: narrower) }
        guard let service = services.first else {
            if let first = narrower.first {
                return TCPRoute(destinations: [], narrower: narrower, origin: first.route.origin)
            }
            tell(
                plan,
                "no service with port \(plan.port) is among its hosts: connections are closed at "
                    + "once", "add the service, or correct the port")
            return nil
        }
        if services.count > 1 {
            tell(
                plan,
                "\(services.count) services have port \(plan.port), and bytes do not say which "
                    + "is meant: all go to \(service.host)", "name one service under `hosts`")
        }
        return plainRoute(to: service, plan).narrowed(by: narrower)
    }

    /// By the rules for one service, as the destination of a captured connection tells which.
    mutating func bytesRoute(
        to service: RegisteredService, _ plan: SidecarPlan.Outbound,
        _ mesh: [AttachedVirtualService]
    ) -> TCPRoute {
        let scope = Self.meshScope(plan.port)
        let meant = mesh.filter { rule in
            !rule.object.tcp.isEmpty && plan.hosts.include(rule)
                && rule.hosts.contains { HostName.isWithin(service.host, $0) }
        }
        let (whole, narrower) = ruledBytes(meant, scope)
        return (whole ?? plainRoute(to: service, plan)).narrowed(by: narrower)
    }

    private mutating func plainRoute(
        to service: RegisteredService, _ plan: SidecarPlan.Outbound
    ) -> TCPRoute {
        TCPRoute(
            destinations: [plainDestination(service, port: plan.port)],
            origin: service.origins[0])
    }

    /// - Parameter only: the services that names lead to; nil for all that have the port.
    mutating func outboundChains(
        _ plan: SidecarPlan.Outbound, _ mesh: [AttachedVirtualService],
        only: [RegisteredService]? = nil
    ) -> [FilterChain] {
        var chains: [FilterChain] = []
        var passed: [String: Origin] = [:]
        let scope = Self.meshScope(plan.port)
        let rules = MeshRules(mesh.filter { !$0.object.tls.isEmpty }, hosts: plan.hosts)
        for rule in rules.all {
            let object = rule.object
            for (number, tls) in object.tls.enumerated() {
                for (place, match) in tls.match.enumerated() where applies(match, object, scope) {
                    let path = "spec.tls[\(number)]"
                    let origin = Origin(object, at: match.position)
                    let names = unclaimed(
                        match, "\(path).match[\(place)]", of: object, origin, passed: &passed)
                    guard !names.isEmpty,
                        let route = route(
                            tls.route, path, at: tls.position, of: object, in: scope)
                    else { continue }
                    chains.append(
                        FilterChain(
                            name: "tls.\(plan.port).\(object.name).\(object.namespace)"
                                + ".\(number).\(place)",
                            serverNames: names, destinations: Self.blocks(match.destinationSubnets),
                            handling: .passthrough(route), origin: origin))
                }
            }
        }
        let services = only ?? services(of: plan).filter { $0.hasPort(plan.port) }
        for service in services {
            let names = ServiceDomains.domains(
                of: service, seenFrom: node.namespace, domain: node.domain
            ).filter { passed[$0] == nil && !AddressLiteral.isIP($0) }
            guard !names.isEmpty else { continue }
            for name in names { passed[name] = service.origins[0] }
            let route = TCPRoute(
                destinations: [plainDestination(service, port: plan.port)],
                origin: service.origins[0])
            chains.append(
                FilterChain(
                    name: "tls.\(plan.port).\(service.host)", serverNames: names,
                    handling: .passthrough(route), origin: service.origins[0]))
        }
        if chains.isEmpty, only == nil {
            tell(
                plan,
                "no service with port \(plan.port) is among its hosts: connections are closed at "
                    + "once", "add the service, or correct the port")
        }
        return chains
    }

    /// As for HTTP: `gateways` in a block decides alone, else the client's labels and namespace do.
    func applies(
        _ match: L4MatchAttributes, _ object: VirtualService, _ scope: Scope
    ) -> Bool {
        isMeant(
            port: match.port, gateways: match.gateways, labels: match.sourceLabels,
            namespace: match.sourceNamespace, object, scope)
    }

    func applies(
        _ match: TLSMatchAttributes, _ object: VirtualService, _ scope: Scope
    ) -> Bool {
        isMeant(
            port: match.port, gateways: match.gateways, labels: match.sourceLabels,
            namespace: match.sourceNamespace, object, scope)
    }

    private func isMeant(
        port: UInt16?, gateways: [Located<String>], labels: [String: String], namespace: String,
        _ object: VirtualService, _ scope: Scope
    ) -> Bool {
        if let port, port != scope.declaredPort { return false }
        if !gateways.isEmpty {
            return gateways.contains {
                GatewayName.resolve($0.value, namespace: object.namespace) == scope.gatewayName
            }
        }
        return node.labels.satisfies(labels)
            && (namespace.isEmpty || namespace == node.namespace)
    }

    private mutating func tell(
        _ plan: SidecarPlan.Outbound, _ message: String, _ advice: String
    ) {
        findings.add(
            Diagnostic(
                severity: .warning, location: plan.origin.location, object: plan.origin.object,
                message: message, advice: advice))
    }
}
