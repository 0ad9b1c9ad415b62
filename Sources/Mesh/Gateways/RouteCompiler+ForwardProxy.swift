// A Gateway's server of protocol HTTP_PROXY: a forward proxy, for whoever has no sidecar.
// It reaches what Services and ServiceEntries describe within the server's hosts, by the rules of
// the VirtualServices bound to the Gateway, and nothing else: a gateway has no ALLOW_ANY.
internal import Spec

extension RouteCompiler {
    /// What absolute-form is routed by, and what CONNECT.
    mutating func forwardProxy(
        _ plan: ListenerPlan, _ index: VirtualServiceIndex
    ) -> (requests: RouteTable, tunnels: RouteTable)? {
        guard plan.speech == .forwardProxy, let server = plan.servers.first else { return nil }
        var outbound = SidecarPlan.Outbound(
            bind: plan.bind, port: plan.declaredPort, speech: .http, isForAllPorts: true,
            hosts: EgressHosts(server.server, namespace: server.gateway.namespace),
            origin: server.origin)
        outbound.gatewayName = server.gatewayName
        let policy = OutboundPolicy(by: nil, mode: .registryOnly, egressProxy: nil)
        let rules = index.services(of: server.gatewayName)
        return (
            outboundTable(outbound, policy, rules), connectTable(outbound, policy, rules)
        )
    }
}
