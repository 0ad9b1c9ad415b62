// AUTO_PASSTHROUGH: connections of the mesh that go through a gateway as they are, each to the
// cluster its SNI names (Istio's SNI-DNAT clusters for east-west gateways).
// No VirtualService has a say: the client's proxy has routed already.
internal import Spec

extension RouteCompiler {
    /// A chain for every port and subset of the mesh's services that the server's hosts take.
    mutating func automaticChains(
        _ server: ListenerPlan.Server, _ plan: ListenerPlan
    ) -> [FilterChain] {
        var chains: [FilterChain] = []
        for service in registry.services where !service.isExternal {
            // The part before a host's `/` limits VirtualServices, of which there are none here.
            guard service.visibility.includes(node.namespace),
                server.hosts.names.contains(where: { HostName.isWithin(service.host, $0) })
            else { continue }
            let subsets = destinationRules.rule(for: service)?.subsets.map(\.subset.name) ?? []
            for port in service.ports {
                for subset in [""] + subsets {
                    chains.append(
                        chain(to: service, port: port.number, subset: subset, server.origin))
                }
            }
        }
        if chains.isEmpty {
            findings.report(
                .warning, server.gateway, at: server.server.position,
                "spec.servers[\(server.index)].hosts",
                "no service of the mesh lies within these hosts: every connection is closed at "
                    + "once",
                advice: "write *.\(node.domain) for all of them")
        }
        return chains
    }

    private mutating func chain(
        to service: RegisteredService, port: UInt16, subset: String, _ origin: Origin
    ) -> FilterChain {
        let key = ClusterKey(
            host: service.host, namespace: service.namespace, port: port, subset: subset,
            use: .passthrough)
        let destination = WeightedDestination(
            cluster: clusters.index(of: key), clusterName: key.name, weight: 1)
        return FilterChain(
            name: key.name, serverNames: [key.name],
            applicationProtocols: MeshTLS.clientProtocols,
            handling: .passthrough(TCPRoute(destinations: [destination], origin: origin)),
            origin: origin)
    }
}
