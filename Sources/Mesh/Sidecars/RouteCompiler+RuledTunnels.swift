// Tunnels to names that no service has: those that rules for TLS name, `*.example.com` for one.
// A wildcard that leads to the egress gateway has no service of its own, and a rule that was
// written for the mesh describes its names as well as an entry would.
internal import Spec

extension RouteCompiler {
    /// What clients speak through tunnels, and its port where a rule does not say one.
    private static let usualTunnelPort: UInt16 = 443

    /// - Parameter taken: the domains that are answered for already; these are added.
    mutating func ruledTunnels(
        _ rules: MeshRules, taken: inout Set<String>, otherwise unknown: Route,
        _ plan: SidecarPlan.Outbound
    ) -> [VirtualHost] {
        var order: [String] = []
        var routes: [String: [Route]] = [:]
        for rule in rules.all {
            let object = rule.object
            for (number, tls) in object.tls.enumerated() {
                for match in tls.match {
                    let port = match.port ?? Self.usualTunnelPort
                    let scope = plan.scope(port)
                    guard applies(match, object, scope), let condition = authority(on: port),
                        let way = route(
                            tls.route, "spec.tls[\(number)]", at: tls.position, of: object,
                            in: scope)
                    else { continue }
                    let tunnel = Route(
                        name: "default", match: RouteMatch(path: .any),
                        action: .forward(Forward(destinations: way.destinations)),
                        origin: way.origin
                    ).narrowed(by: condition)
                    for host in match.sniHosts {
                        let name = HostName.lowercased(host.value)
                        if routes[name] == nil {
                            guard taken.insert(name).inserted else { continue }
                            order.append(name)
                        }
                        routes[name, default: []].append(tunnel)
                    }
                }
            }
        }
        return order.map { name in
            VirtualHost(
                name: "\(name):\(plan.port)", domains: [name],
                routes: (routes[name] ?? []) + [unknown])
        }
    }
}
