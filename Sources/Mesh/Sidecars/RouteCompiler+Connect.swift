// What a forward proxy answers CONNECT by: for every service the ports that may be reached through
// a tunnel, each with the destination that bytes for it have.
// CONNECT is how clients ask for TLS through a proxy (RFC 9110 section 9.3.6). The name is known
// before any address is, so that only what an object describes is ever dialled.
internal import Spec

extension RouteCompiler {
    mutating func connectTable(
        _ plan: SidecarPlan.Outbound, _ policy: OutboundPolicy, _ mesh: [AttachedVirtualService]
    ) -> RouteTable {
        let rules = MeshRules(
            mesh.filter { !$0.object.tls.isEmpty || !$0.object.tcp.isEmpty }, hosts: plan.hosts)
        let unknown = unknownHost(plan, policy)
        var hosts: [VirtualHost] = []
        var taken: Set<String> = []
        var known: Set<String> = []
        for service in services(of: plan) where known.insert(service.host).inserted {
            var routes: [Route] = []
            for port in service.ports {
                guard let condition = authority(on: port.number) else { continue }
                routes.append(
                    tunnelRoute(to: service, port: port, plan, rules).narrowed(by: condition))
            }
            let domains = ServiceDomains.domains(
                of: service, seenFrom: node.namespace, domain: node.domain
            ).filter { taken.insert($0).inserted }
            guard !routes.isEmpty, !domains.isEmpty else { continue }
            hosts.append(
                VirtualHost(
                    name: "\(service.host):\(plan.port)", domains: domains,
                    routes: routes + [unknown]))
        }
        hosts += ruledTunnels(rules, taken: &taken, otherwise: unknown, plan)
        hosts.sort { $0.name < $1.name }
        if taken.insert("*").inserted {
            hosts.append(
                VirtualHost(name: unknown.name, domains: ["*"], routes: [unknown]))
        }
        return RouteTable(
            name: plan.port == 0 ? "\(plan.bind) CONNECT" : "\(plan.port) CONNECT",
            virtualHosts: hosts)
    }

    /// The rules for HTTP would not see what a tunnel carries: their ports are not reached by one.
    private mutating func tunnelRoute(
        to service: RegisteredService, port: RegisteredService.Port,
        _ plan: SidecarPlan.Outbound, _ rules: MeshRules
    ) -> Route {
        guard !port.protocolName.isHTTP else {
            let text = " is a port of HTTP: ask for http://... instead of a tunnel\n"
            return Route(
                name: "no_tunnel", match: RouteMatch(path: .any),
                action: .direct(
                    DirectResponse(
                        status: 403, body: Array(text.utf8), namesAuthority: true,
                        refuses: .port)),
                origin: service.origins[0])
        }
        let ruled = ruledBytes(for: service, in: plan.scope(port.number), rules)
        return Route(
            name: "default", match: RouteMatch(path: .any),
            action: .forward(
                ruled.map { Forward(destinations: $0.destinations) }
                    ?? interned.forward(to: plainDestination(service, port: port.number))),
            origin: ruled?.origin ?? service.origins[0])
    }

    /// Where rules of the mesh send TLS that asks for the service's name, or bytes for its port.
    private mutating func ruledBytes(
        for service: RegisteredService, in scope: Scope, _ rules: MeshRules
    ) -> TCPRoute? {
        guard let rule = rules.rules(for: service.host) else { return nil }
        let object = rule.object
        for (number, tls) in object.tls.enumerated() {
            let isMeant = tls.match.contains { match in
                applies(match, object, scope) && match.destinationSubnets.isEmpty
                    && match.sniHosts.contains {
                        HostName.isWithin(service.host, HostName.lowercased($0.value))
                    }
            }
            guard isMeant else { continue }
            return route(
                tls.route, "spec.tls[\(number)]", at: tls.position, of: object, in: scope)
        }
        // No address is known of a tunnel before it is dialled.
        for (number, tcp) in object.tcp.enumerated()
        where subnets(of: tcp, object, scope)?.isEmpty == true {
            return route(
                tcp.route, "spec.tcp[\(number)]", at: tcp.position, of: object, in: scope)
        }
        return nil
    }
}
