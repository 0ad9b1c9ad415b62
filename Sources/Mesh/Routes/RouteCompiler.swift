// From the rules of VirtualServices to routes, for one Gateway and port at a time.
// A rule may name the port, the gateway and the client's labels: those are decided here, once, and
// never cost a request anything.
internal import Spec

struct RouteCompiler {
    /// What the rules are compiled for.
    struct Scope {
        /// `namespace/name`, or `mesh`
        let gatewayName: String
        let declaredPort: UInt16
    }

    let node: Node
    let registry: ServiceRegistry
    let destinationRules: DestinationRuleIndex
    let delegation: Delegation
    let secrets: SecretDirectory
    /// Of services without addresses of their own; empty where nothing is captured.
    let automaticAddresses: AutomaticAddresses
    var clusters = ClusterTable()
    var interned = Interned()
    var findings = Findings()
    var resolved: [DestinationQuestion: ResolvedDestination] = [:]
    /// The routes of VirtualServices for the mesh, by port.
    var meshRoutes: [MeshQuestion: [Route]] = [:]
    var latest: (question: DestinationQuestion, answer: ResolvedDestination)?
    /// Nearest names are looked for a bounded number of times: each is a walk over all services.
    var suggestionsLeft = 50

    init(
        objects: ObjectSet, registry: ServiceRegistry, destinationRules: DestinationRuleIndex,
        node: Node
    ) {
        self.node = node
        self.registry = registry
        self.destinationRules = destinationRules
        delegation = Delegation(objects.virtualServices)
        secrets = SecretDirectory(objects.secrets)
        automaticAddresses = AutomaticAddresses(
            node.capture == nil
                ? [] : registry.services.filter(\.wantsAutomaticAddress).map(\.host))
    }

    /// The routes of one VirtualService in order; none where nothing in it applies.
    mutating func routes(of service: AttachedVirtualService, in scope: Scope) -> [Route] {
        let rules = delegation.rules(of: service.object, findings: &findings)
        var routes: [Route] = []
        routes.reserveCapacity(rules.reduce(0) { $0 + max(1, $1.route.match.count) })
        let own = RouteSource(object: service.object.key, file: service.object.source.file)
        for (number, rule) in rules.enumerated() {
            let source = rule.owner === service.object ? own : rule.source
            if rule.route.match.isEmpty {
                routes.append(route(rule, match: nil, in: scope, from: source))
                tellOfUnreached(rules, after: number, match: nil, in: scope)
                return routes
            }
            var shared: Parts?
            for match in rule.route.match.indices where applies(rule, match, in: scope) {
                let parts = shared ?? self.parts(of: rule, in: scope)
                shared = parts
                let route = route(
                    rule, match: match, in: scope, parts: parts, from: source)
                routes.append(route)
                if route.isCatchAll {
                    tellOfUnreached(rules, after: number, match: match, in: scope)
                    return routes
                }
            }
        }
        return routes
    }

    /// Istio's sourceMatchHTTP: `gateways` in a block decides alone; without it the client's labels
    /// and namespace do, and on a gateway the client is the gateway itself.
    private func applies(_ rule: Rule, _ match: Int, in scope: Scope) -> Bool {
        guard let conditions = rule.route.match[match].conditions?.value else { return true }
        if let port = conditions.port, port != scope.declaredPort { return false }
        if !conditions.gateways.isEmpty {
            return conditions.gateways.contains {
                GatewayName.resolve($0.value, namespace: rule.matchOwner.namespace)
                    == scope.gatewayName
            }
        }
        return node.labels.satisfies(conditions.sourceLabels)
            && (conditions.sourceNamespace.isEmpty
                || conditions.sourceNamespace == node.namespace)
    }

    /// IST0130: what stands behind a route that takes everything is never asked. What is for other
    /// ports, gateways or clients stands elsewhere.
    private mutating func tellOfUnreached(
        _ rules: [Rule], after number: Int, match: Int?, in scope: Scope
    ) {
        let winner = rules[number]
        let place = RulePlace(rule: winner.index, match: match)
        let advice = "move the rule that takes everything to the end, or narrow it"
        let next = match.flatMap { taken in
            winner.route.match.indices.first { $0 > taken && applies(winner, $0, in: scope) }
        }
        if let next {
            findings.report(
                .warning, winner.matchOwner, at: winner.route.match[next].position,
                "spec.http[\(winner.index)].match[\(next)]",
                "never reached: \(place) takes every request before it", advice: advice)
        }
        let lost = rules.dropFirst(number + 1).filter { rule in
            rule.route.match.isEmpty
                || rule.route.match.indices.contains { applies(rule, $0, in: scope) }
        }
        guard let first = lost.first else { return }
        let count = lost.count == 1 ? "" : " (and \(lost.count - 1) more after it)"
        findings.report(
            .warning, first.owner, at: first.route.position, "spec.http[\(first.index)]",
            "never reached\(count): \(place) of \(winner.owner.key) takes every request before it",
            advice: advice)
    }
}

extension Route {
    /// Takes every request that gets to it; such routes go to the end of a virtual host.
    var isCatchAll: Bool {
        guard match.conditions.isEmpty else { return false }
        switch match.path {
        case .any: return true
        case .prefix(let path): return path == [UInt8(ascii: "/")]
        case .regex(let regex): return regex.pattern == Array(".*".utf8)
        case .exact: return false
        }
    }
}
