// From a listener and the VirtualServices bound to its Gateways to what is served on it.
internal import Spec

extension RouteCompiler {
    /// A VirtualService and a Gateway that met on some server.
    struct Binding: Hashable {
        var gateway: String
        var service: ObjectIdentifier
    }

    mutating func listener(_ plan: ListenerPlan, _ index: VirtualServiceIndex) -> ListenerSpec {
        if let proxy = forwardProxy(plan, index) {
            return ListenerSpec(
                name: plan.name, bind: plan.bind, port: plan.boundPort,
                declaredPort: plan.declaredPort, kind: .http(proxy.requests),
                connect: proxy.tunnels, origins: plan.servers.map(\.origin))
        }
        let kind: ListenerSpec.Kind =
            switch plan.speech {
            case .http, .forwardProxy:
                .http(
                    table(
                        plan.servers, port: plan.declaredPort, name: plan.routeTableName, index))
            case .tcp:
                .tcp(
                    plan.servers.first.flatMap {
                        tcpRoute(of: $0, port: plan.declaredPort, index)
                    })
            case .tls: .tls(chains(plan, index))
            }
        return ListenerSpec(
            name: plan.name, bind: plan.bind, port: plan.boundPort,
            declaredPort: plan.declaredPort, kind: kind, origins: plan.servers.map(\.origin))
    }

    /// - Parameter isSecure: TLS ends before the table; there is nowhere to redirect to.
    mutating func table(
        _ servers: [ListenerPlan.Server], port: UInt16, name: String,
        _ index: VirtualServiceIndex, isSecure: Bool = false
    ) -> RouteTable {
        let count = servers.map { index.services(of: $0.gatewayName).count }.max() ?? 0
        var drafts = VirtualHostDrafts(expecting: count)
        var groups: [Binding: Int?] = Dictionary(minimumCapacity: count)
        for server in servers {
            let scope = Scope(gatewayName: server.gatewayName, declaredPort: port)
            let redirects = server.server.redirectsToHTTPS && !isSecure
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
        return RouteTable(name: name, virtualHosts: drafts.virtualHosts(port: port))
    }

    /// The first rule of the first VirtualService that applies owns the server.
    mutating func tcpRoute(
        of server: ListenerPlan.Server, port: UInt16, _ index: VirtualServiceIndex
    ) -> TCPRoute? {
        let scope = Scope(gatewayName: server.gatewayName, declaredPort: port)
        for service in index.services(of: server.gatewayName) {
            let object = service.object
            guard server.hosts.overlaps(service.hosts, namespace: object.namespace) else {
                continue
            }
            for (number, rule) in object.tcp.enumerated()
            where Self.applies(rule, of: object, in: scope) {
                let route = route(
                    rule.route, "spec.tcp[\(number)]", at: rule.position, of: object, in: scope)
                if let route { return route }
            }
        }
        findings.report(
            .warning, server.gateway, at: server.server.position,
            "spec.servers[\(server.index)]",
            "no tcp rule applies to this server: its connections are closed at once",
            advice: "bind a VirtualService with a tcp rule for port \(port) to it")
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

    /// Where the connections of a `tcp` or `tls` rule go. - Parameter path: of the rule.
    mutating func route(
        _ shares: [RouteDestination], _ path: String, at position: Position,
        of object: VirtualService, in scope: Scope
    ) -> TCPRoute? {
        let isSingle = shares.count == 1
        var destinations: [WeightedDestination] = []
        for (index, share) in shares.enumerated() where isSingle || share.weight > 0 {
            let answer = destination(
                share.destination, in: object, in: scope,
                path: "\(path).route[\(index)].destination")
            destinations.append(
                WeightedDestination(
                    cluster: answer.cluster, clusterName: answer.name,
                    weight: isSingle ? 1 : UInt32(share.weight)))
        }
        let total = destinations.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
        guard total > 0, total <= UInt64(UInt32.max) else {
            findings.report(
                .error, object, at: position, "\(path).route",
                "the weights add up to \(total)", advice: "their sum has to be 1 to 4294967295")
            return nil
        }
        return TCPRoute(destinations: destinations, origin: Origin(object, at: position))
    }
}
