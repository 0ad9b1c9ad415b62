// From a port on which requests leave a workload to the services they can go to.
// Requests go by their Host, as behind Istio's captured packets; what no object describes gets 502
// with a line that says so, for without capture nobody knows where else it was meant to go.
internal import Spec

extension RouteCompiler {
    mutating func listener(
        _ plan: SidecarPlan.Outbound, of sidecar: SidecarPlan, _ mesh: [AttachedVirtualService]
    ) -> ListenerSpec {
        let kind: ListenerSpec.Kind =
            switch plan.speech {
            case .http: .http(outboundTable(plan, sidecar.outboundPolicy, mesh))
            case .tcp: .tcp(outboundRoute(plan, mesh))
            case .tls: .tls(outboundChains(plan, mesh))
            }
        let isForwardProxy = plan.isForAllPorts && plan.speech == .http
        return sidecarListener(
            bind: plan.bind, port: plan.port, kind: kind,
            connect: isForwardProxy ? connectTable(plan, sidecar.outboundPolicy, mesh) : nil,
            direction: .outbound, reach: plan.isGate ? .gate : .bound, origin: plan.origin)
    }

    func sidecarListener(
        bind: String, port: UInt16, kind: ListenerSpec.Kind, connect: RouteTable? = nil,
        direction: ListenerSpec.Direction, reach: ListenerSpec.Reach = .bound, origin: Origin
    ) -> ListenerSpec {
        let isSocket = bind.hasPrefix("unix://")
        let bound = isSocket ? 0 : node.boundPort(for: port)
        return ListenerSpec(
            name: isSocket ? bind : "\(bind)_\(bound)", bind: bind, port: bound,
            declaredPort: isSocket ? 0 : port, kind: kind, connect: connect,
            direction: direction, reach: reach, origins: [origin])
    }

    /// The services a listener reaches, those of the proxy's own namespace first: of two with one
    /// host the nearer one is meant.
    func services(of plan: SidecarPlan.Outbound) -> [RegisteredService] {
        let seen = registry.services.filter {
            $0.visibility.includes(node.namespace) && plan.hosts.include($0)
        }
        return seen.filter { $0.namespace == node.namespace }
            + seen.filter { $0.namespace != node.namespace }
    }

    // MARK: - HTTP

    mutating func outboundTable(
        _ plan: SidecarPlan.Outbound, _ policy: OutboundPolicy, _ mesh: [AttachedVirtualService]
    ) -> RouteTable {
        let rules = MeshRules(mesh.filter { !$0.object.http.isEmpty }, hosts: plan.hosts)
        let unknown = unknownHost(plan, policy)
        var hosts: [VirtualHost] = []
        var taken: Set<String> = []
        var known: Set<String> = []
        for service in services(of: plan) where known.insert(service.host).inserted {
            let routes =
                plan.isForAllPorts
                ? routesForAllPorts(of: service, plan, rules, otherwise: unknown)
                : self.routes(to: service, port: plan.port, plan, rules)
            guard !routes.isEmpty else { continue }
            let domains = ServiceDomains.domains(
                of: service, seenFrom: node.namespace, domain: node.domain
            ).filter { taken.insert($0).inserted }
            guard !domains.isEmpty else { continue }
            hosts.append(
                VirtualHost(
                    name: "\(service.host):\(plan.port)", domains: domains, routes: routes))
        }
        // Istio knows hosts that only rules name on port 80 alone.
        if plan.isForAllPorts || plan.port == 80 {
            for (host, service) in rules.foreignHosts(registry) {
                let routes = routes(of: service, in: plan.scope(80))
                guard !routes.isEmpty, taken.insert(HostName.domain(host)).inserted else {
                    continue
                }
                hosts.append(
                    VirtualHost(
                        name: "\(host):\(plan.port)", domains: [HostName.domain(host)],
                        routes: routes))
            }
        }
        hosts.sort { $0.name < $1.name }
        if taken.insert("*").inserted {
            hosts.append(
                VirtualHost(
                    name: unknown.name, domains: ["*"],
                    routes: [unknown]))
        }
        let name = plan.port == 0 ? plan.bind : "\(plan.port)"
        return RouteTable(name: name, virtualHosts: hosts)
    }

    static func meshScope(_ port: UInt16) -> Scope {
        Scope(gatewayName: GatewayName.mesh, declaredPort: port)
    }

    /// None where the service has no such port, or one for other protocols.
    private mutating func routes(
        to service: RegisteredService, port number: UInt16, _ plan: SidecarPlan.Outbound,
        _ rules: MeshRules
    ) -> [Route] {
        guard let port = service.port(number), port.takesHTTP else { return [] }
        if let rule = rules.rules(for: service.host) {
            let question = MeshQuestion(
                rule: ObjectIdentifier(rule.object), gatewayName: plan.gatewayName, port: number)
            let routes = meshRoutes[question] ?? self.routes(of: rule, in: plan.scope(number))
            meshRoutes[question] = routes
            // Rules of which none is for this port or this workload are no rules.
            if !routes.isEmpty { return routes }
        }
        return [plainRoute(to: service, port: number)]
    }

    /// A Host tells the port as well: without one 80 is meant, or the only port there is.
    private mutating func routesForAllPorts(
        of service: RegisteredService, _ plan: SidecarPlan.Outbound, _ rules: MeshRules,
        otherwise unknown: Route
    ) -> [Route] {
        let ports = service.ports.filter(\.takesHTTP).map(\.number)
        let usual = ports.contains(80) ? 80 : ports.count == 1 ? ports[0] : nil
        var routes: [Route] = []
        for port in ports {
            guard let condition = authority(on: port, isUsual: port == usual) else { continue }
            routes += self.routes(to: service, port: port, plan, rules)
                .map { $0.narrowed(by: condition) }
        }
        return routes.isEmpty ? [] : routes + [unknown]
    }

    /// What an authority says that means `port`; the usual one need not be written.
    mutating func authority(on port: UInt16, isUsual: Bool = false) -> RouteCondition? {
        let pattern = "(\\[[^\\]]*\\]|[^:]*)" + (isUsual ? "(:\(port))?" : ":\(port)")
        return (try? interned.regex(pattern)).map { .authority(.regex($0)) }
    }

    private mutating func plainRoute(to service: RegisteredService, port: UInt16) -> Route {
        Route(
            name: "default", match: RouteMatch(path: .any),
            action: .forward(interned.forward(to: plainDestination(service, port: port))),
            origin: service.origins[0])
    }

    mutating func plainDestination(
        _ service: RegisteredService, port: UInt16
    ) -> WeightedDestination {
        let answer = answer(
            to: DestinationQuestion(
                host: service.host, subset: "", port: port, namespace: service.namespace,
                listenerPort: port))
        if let (message, advice) = answer.problem {
            let origin = service.origins[0]
            findings.add(
                Diagnostic(
                    severity: .warning, location: origin.location, object: origin.object,
                    message: "\(message): its requests get 503 NC", advice: advice))
        }
        return WeightedDestination(cluster: answer.cluster, clusterName: answer.name, weight: 1)
    }

    /// What becomes of a host that nothing describes (Istio's `block_all` and `allow_any`).
    mutating func unknownHost(
        _ plan: SidecarPlan.Outbound, _ policy: OutboundPolicy
    ) -> Route {
        let origin = policy.by ?? plan.origin
        if var question = policy.egressProxy {
            question.listenerPort = plan.port
            let answer = answer(to: question)
            if let (message, advice) = answer.problem {
                findings.add(
                    Diagnostic(
                        severity: .warning, location: origin.location, object: origin.object,
                        fieldPath: "spec.outboundTrafficPolicy.egressProxy",
                        message: "\(message): requests to unknown hosts get 503 NC",
                        advice: advice))
            }
            let proxy = WeightedDestination(
                cluster: answer.cluster, clusterName: answer.name, weight: 1)
            return Route(
                name: "allow_any", match: RouteMatch(path: .any),
                action: .forward(interned.forward(to: proxy)), origin: origin)
        }
        // A forward proxy is told where a call is meant to go; any other has to be shown.
        if plan.isCaptured || plan.isForAllPorts, policy.mode == .allowAny {
            let passed = undescribedDestination(Capture.passthroughCluster, .original(origin))
            return Route(
                name: "allow_any", match: RouteMatch(path: .any),
                action: .forward(interned.forward(to: passed)), origin: origin)
        }
        let listed =
            policy.by.map { ", and list it under egress hosts of \($0.object)" } ?? ""
        let refusal =
            plan.gatewayName != GatewayName.mesh
            ? " is blocked by \(origin.object), which goes to known hosts alone"
            : policy.mode == .registryOnly
                ? " is blocked by outboundTrafficPolicy REGISTRY_ONLY of \(origin.object)"
                : " is not known here"
        let text = "\(refusal): describe it with a ServiceEntry\(listed)\n"
        return Route(
            name: "block_all", match: RouteMatch(path: .any),
            action: .direct(
                DirectResponse(
                    status: 502, body: Array(text.utf8), namesAuthority: true,
                    clusterName: Capture.blackHoleCluster, refuses: .host)),
            origin: origin)
    }
}

extension SidecarPlan.Outbound {
    /// Of the rules for calls to `port` of a service.
    func scope(_ port: UInt16) -> RouteCompiler.Scope {
        RouteCompiler.Scope(gatewayName: gatewayName, declaredPort: port)
    }
}

/// A VirtualService and a port of the mesh, whose routes all listeners share.
struct MeshQuestion: Hashable {
    var rule: ObjectIdentifier
    var gatewayName: String
    var port: UInt16
}

extension RegisteredService.Port {
    /// Declared for HTTP, or for nothing.
    var takesHTTP: Bool { protocolName.isHTTP || protocolName == .unspecified }
}

extension Route {
    /// The same for fewer requests.
    func narrowed(by condition: RouteCondition) -> Route {
        Route(
            name: name,
            match: RouteMatch(
                path: match.path, ignoresPathCase: match.ignoresPathCase,
                conditions: [condition] + match.conditions),
            action: action, headers: headers, origin: origin, place: place)
    }
}
