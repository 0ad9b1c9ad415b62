// From a listener and the VirtualServices bound to its Gateways to what is served on it.
internal import Spec

extension RouteCompiler {
    /// A VirtualService and a Gateway that met on some server.
    struct Binding: Hashable {
        var gateway: String
        var service: ObjectIdentifier
    }

    mutating func listener(_ plan: ListenerPlan, _ index: VirtualServiceIndex) -> ListenerSpec {
        let kind: ListenerSpec.Kind =
            switch plan.speech {
            case .http: .http(table(plan, index))
            case .tcp: .tcp(tcpRoute(plan, index))
            }
        return ListenerSpec(
            name: plan.name, bind: plan.bind, port: plan.boundPort,
            declaredPort: plan.declaredPort, kind: kind, origins: plan.servers.map(\.origin))
    }

    private mutating func table(_ plan: ListenerPlan, _ index: VirtualServiceIndex) -> RouteTable {
        let count = plan.servers.map { index.services(of: $0.gatewayName).count }.max() ?? 0
        var drafts = VirtualHostDrafts(expecting: count)
        var groups: [Binding: Int?] = Dictionary(minimumCapacity: count)
        for server in plan.servers {
            let scope = Scope(
                gatewayName: server.gatewayName, declaredPort: plan.declaredPort)
            let redirects = server.server.redirectsToHTTPS
            for service in index.services(of: server.gatewayName) where !service.object.http.isEmpty
            {
                let domains = server.hosts.intersection(
                    with: service.hosts, namespace: service.object.namespace)
                guard !domains.isEmpty else { continue }
                let binding = Binding(
                    gateway: server.gatewayName, service: ObjectIdentifier(service.object))
                let group: Int?
                if let known = groups[binding] {
                    group = known
                } else {
                    let routes = routes(of: service, in: scope)
                    group = routes.isEmpty ? nil : drafts.addGroup(routes)
                    groups[binding] = .some(group)
                }
                guard let group else { continue }
                for domain in domains {
                    drafts.bind(HostName.domain(domain), to: group, redirectsToHTTPS: redirects)
                }
            }
            if redirects {
                for name in server.hosts.names { drafts.redirect(HostName.domain(name)) }
            }
        }
        return RouteTable(
            name: plan.routeTableName, virtualHosts: drafts.virtualHosts(port: plan.declaredPort))
    }

    /// The first rule of the first VirtualService that applies owns the listener.
    private mutating func tcpRoute(_ plan: ListenerPlan, _ index: VirtualServiceIndex) -> TCPRoute?
    {
        for server in plan.servers {
            let scope = Scope(gatewayName: server.gatewayName, declaredPort: plan.declaredPort)
            for service in index.services(of: server.gatewayName) {
                let object = service.object
                guard server.hosts.overlaps(service.hosts, namespace: object.namespace) else {
                    continue
                }
                for (number, rule) in object.tcp.enumerated()
                where Self.applies(rule, of: object, in: scope) {
                    if let route = route(rule, number, of: object, in: scope) { return route }
                }
            }
            findings.report(
                .warning, server.gateway, at: server.server.position,
                "spec.servers[\(server.index)]",
                "no tcp rule applies to this server: its connections are closed at once",
                advice: "bind a VirtualService with a tcp rule for port \(plan.declaredPort) to it")
        }
        return nil
    }

    /// `port` and `gateways` only: on a gateway Istio asks no more.
    private static func applies(
        _ rule: Spec.TCPRoute, of object: VirtualService, in scope: Scope
    ) -> Bool {
        rule.match.isEmpty
            || rule.match.contains { match in
                (match.port == nil || match.port == scope.declaredPort)
                    && (match.gateways.isEmpty
                        || match.gateways.contains {
                            GatewayName.resolve($0.value, namespace: object.namespace)
                                == scope.gatewayName
                        })
            }
    }

    private mutating func route(
        _ rule: Spec.TCPRoute, _ number: Int, of object: VirtualService, in scope: Scope
    ) -> TCPRoute? {
        let isSingle = rule.route.count == 1
        var destinations: [WeightedDestination] = []
        for (index, share) in rule.route.enumerated() where isSingle || share.weight > 0 {
            let answer = destination(
                share.destination, in: object, in: scope,
                path: "spec.tcp[\(number)].route[\(index)].destination")
            destinations.append(
                WeightedDestination(
                    cluster: answer.cluster, clusterName: answer.name,
                    weight: isSingle ? 1 : UInt32(share.weight)))
        }
        let total = destinations.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
        guard total > 0, total <= UInt64(UInt32.max) else {
            findings.report(
                .error, object, at: rule.position, "spec.tcp[\(number)].route",
                "the weights add up to \(total)", advice: "their sum has to be 1 to 4294967295")
            return nil
        }
        return TCPRoute(destinations: destinations, origin: Origin(object, at: rule.position))
    }
}
