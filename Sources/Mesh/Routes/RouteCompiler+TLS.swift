// The filter chains of a TLS listener: one for each server whose TLS ends here, with routes of its
// own, one for each server name that is passed through, and one for each cluster of the mesh.
// Istio's rule that a server's routes are its own is kept: a certificate says for which names its
// owner speaks, and a request for another name must not slip in behind it.
internal import Spec

extension RouteCompiler {
    mutating func chains(_ plan: ListenerPlan, _ index: VirtualServiceIndex) -> [FilterChain] {
        var chains: [FilterChain] = []
        /// Server names that are passed through, and by whom: the first one has them.
        var passed: [String: Origin] = [:]
        for server in plan.servers where server.handling == .http || server.handling == .tcp {
            for name in server.serverNames { passed[name] = server.origin }
        }
        for server in plan.servers {
            switch server.handling {
            case .autoPassthrough: chains += automaticChains(server, plan)
            case .passthrough:
                passthrough(server, plan, index, into: &chains, passed: &passed)
            case .http:
                guard let termination = termination(of: server) else { continue }
                let name = chainName("https", of: server, plan)
                let table = table(
                    [server], port: plan.declaredPort, name: name, index, isSecure: true)
                chains.append(
                    FilterChain(
                        name: name, serverNames: server.serverNames,
                        handling: .terminateHTTP(termination, table), origin: server.origin))
            case .tcp:
                guard let termination = termination(of: server) else { continue }
                let route = tcpRoute(of: server, port: plan.declaredPort, index)
                chains.append(
                    FilterChain(
                        name: chainName("tls", of: server, plan), serverNames: server.serverNames,
                        handling: .terminateTCP(termination, route), origin: server.origin))
            }
        }
        return chains
    }

    /// `https.443.https.bookinfo-gateway.default`
    private func chainName(
        _ kind: String, of server: ListenerPlan.Server, _ plan: ListenerPlan
    ) -> String {
        let gateway = server.gateway
        return "\(kind).\(plan.declaredPort).\(server.server.port.name).\(gateway.name)"
            + ".\(gateway.namespace)"
    }

    /// One chain for each match block of a `tls` rule (Istio
    /// buildGatewayNetworkFiltersFromTLSRoutes).
    private mutating func passthrough(
        _ server: ListenerPlan.Server, _ plan: ListenerPlan, _ index: VirtualServiceIndex,
        into chains: inout [FilterChain], passed: inout [String: Origin]
    ) {
        let scope = Scope(gatewayName: server.gatewayName, declaredPort: plan.declaredPort)
        let countBefore = chains.count
        var hasOtherRules = false
        for service in index.services(of: server.gatewayName) {
            let object = service.object
            guard server.hosts.overlaps(service.hosts, namespace: object.namespace) else {
                continue
            }
            if object.tls.isEmpty { hasOtherRules = true }
            for (number, rule) in object.tls.enumerated() {
                for (place, match) in rule.match.enumerated()
                where Self.applies(match, of: object, in: scope) {
                    let path = "spec.tls[\(number)]"
                    let origin = Origin(object, at: match.position)
                    var match = match
                    // Istio looks at them for sidecars alone.
                    match.destinationSubnets = []
                    let names = unclaimed(
                        match, "\(path).match[\(place)]", of: object, origin, passed: &passed)
                    guard !names.isEmpty,
                        let route = route(
                            rule.route, path, at: rule.position, of: object, in: scope)
                    else { continue }
                    chains.append(
                        FilterChain(
                            name: chainName("tls", of: server, plan)
                                + ".\(object.name).\(object.namespace).\(number).\(place)",
                            serverNames: names, handling: .passthrough(route), origin: origin))
                }
            }
        }
        guard chains.count == countBefore else { return }
        findings.report(
            .warning, server.gateway, at: server.server.position,
            "spec.servers[\(server.index)]",
            "no tls rule applies to this server, which passes TLS through: its connections are "
                + "closed at once",
            advice: hasOtherRules
                ? "the VirtualServices bound to it have other rules only: write tls rules with "
                    + "sniHosts, or mode: SIMPLE to answer TLS here"
                : "bind a VirtualService with a tls rule to it")
    }

    /// The server names of a match that nobody before it has on this port, for the same addresses.
    mutating func unclaimed(
        _ match: TLSMatchAttributes, _ path: String, of object: VirtualService, _ origin: Origin,
        passed: inout [String: Origin]
    ) -> [String] {
        var names: [String] = []
        let subnets = match.destinationSubnets.map { " \($0.value)" }.sorted().joined()
        for (place, host) in match.sniHosts.enumerated() {
            let name = HostName.lowercased(host.value)
            if names.contains(name) { continue }
            if let other = passed[name + subnets] {
                findings.report(
                    .warning, object, at: host.position, "\(path).sniHosts[\(place)]",
                    "\(name) goes to \(other.object) (\(other.location)) already: it is left out "
                        + "here",
                    advice: "name it in one rule only")
                continue
            }
            passed[name + subnets] = origin
            names.append(name)
        }
        return names
    }

    /// `port` and `gateways` only, as for `tcp` rules.
    private static func applies(
        _ match: TLSMatchAttributes, of object: VirtualService, in scope: Scope
    ) -> Bool {
        (match.port == nil || match.port == scope.declaredPort)
            && (match.gateways.isEmpty
                || match.gateways.contains {
                    GatewayName.resolve($0.value, namespace: object.namespace) == scope.gatewayName
                })
    }
}

extension ListenerPlan.Server {
    enum Handling {
        case http, tcp, passthrough, autoPassthrough
    }

    var handling: Handling {
        guard let tls = server.tls, tls.mode != .passthrough else { return .passthrough }
        if tls.mode == .autoPassthrough { return .autoPassthrough }
        return server.port.protocolName == .https ? .http : .tcp
    }

    /// The server names nobody else on the port may have. AUTO_PASSTHROUGH has none: names of
    /// clusters are no hosts.
    var claimedNames: [String] {
        server.needsTLS && handling != .autoPassthrough ? serverNames : []
    }

    /// The server's hosts as server names, each once.
    var serverNames: [String] {
        var names: [String] = []
        for name in hosts.names where !names.contains(name) { names.append(name) }
        return names
    }
}
