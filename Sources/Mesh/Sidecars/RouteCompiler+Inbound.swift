// From a port on which requests come to a workload to the workload behind it.
// What a PeerAuthentication asks for decides what the first bytes may be: TLS of the mesh, plain
// text, or either (Istio's inbound filter chains).
internal import Spec

extension RouteCompiler {
    mutating func listener(_ plan: SidecarPlan.Inbound) -> ListenerSpec {
        let key = ClusterKey(
            host: plan.host, namespace: plan.namespace, port: plan.port, subset: "",
            use: .inbound(plan.target))
        let destination = WeightedDestination(
            cluster: clusters.index(of: key), clusterName: key.name, weight: 1)
        let kind =
            plan.protocolName.isHTTP
            ? inboundHTTP(plan, destination)
            : inboundTLS(plan, destination) ?? inboundBytes(plan, destination)
        return sidecarListener(
            bind: plan.bind, port: plan.port, kind: kind, direction: .inbound,
            origin: plan.origin)
    }

    private func inboundHTTP(
        _ plan: SidecarPlan.Inbound, _ destination: WeightedDestination
    ) -> ListenerSpec.Kind {
        let table = inboundTable(plan, destination)
        let chain = { (names: [String]) in
            meshChain(
                plan, names,
                .terminateHTTP(
                    MeshTLS.termination(
                        applicationProtocols: MeshTLS.httpProtocols,
                        origin: plan.authentication.origin ?? plan.origin), table))
        }
        switch plan.authentication.mode {
        case .disable: return .http(table)
        case .strict: return .tls([chain([])])
        case .permissive:
            return .sniffed([chain(MeshTLS.clientProtocols)], plain: .http(table))
        }
    }

    private func inboundTable(
        _ plan: SidecarPlan.Inbound, _ destination: WeightedDestination
    ) -> RouteTable {
        let route = Route(
            name: "default", match: RouteMatch(path: .any),
            action: .forward(Forward(destinations: [destination], policy: .inbound)),
            origin: plan.origin)
        return RouteTable(
            name: "inbound|\(plan.port)||",
            virtualHosts: [
                VirtualHost(
                    name: "inbound|http|\(plan.port)", domains: ["*"], routes: [route])
            ])
    }

    /// TLS as the listener's own settings have it, where the mesh's is switched off (Istio's
    /// ENABLE_TLS_ON_SIDECAR_INGRESS); nil where there are none, or TLS goes through.
    private func inboundTLS(
        _ plan: SidecarPlan.Inbound, _ destination: WeightedDestination
    ) -> ListenerSpec.Kind? {
        guard let tls = plan.tls else { return nil }
        let isHTTP = plan.protocolName == .https
        guard
            let termination = Self.termination(
                tls.fields, applicationProtocols: isHTTP ? MeshTLS.httpProtocols : [],
                origin: plan.origin)
        else { return nil }
        let handling: FilterChain.Handling =
            isHTTP
            ? .terminateHTTP(termination, inboundTable(plan, destination))
            : .terminateTCP(
                termination, TCPRoute(destinations: [destination], origin: plan.origin))
        return .tls([
            FilterChain(
                name: "inbound.\(plan.port).own", serverNames: ["*"], handling: handling,
                origin: plan.origin)
        ])
    }

    private func inboundBytes(
        _ plan: SidecarPlan.Inbound, _ destination: WeightedDestination
    ) -> ListenerSpec.Kind {
        let route = TCPRoute(destinations: [destination], origin: plan.origin)
        let chain = { (names: [String]) in
            meshChain(
                plan, names,
                .terminateTCP(
                    MeshTLS.termination(
                        applicationProtocols: plan.protocolName == .unspecified
                            ? MeshTLS.anyProtocols : MeshTLS.byteProtocols,
                        origin: plan.authentication.origin ?? plan.origin), route))
        }
        switch plan.authentication.mode {
        case .disable: return .tcp(route)
        case .strict: return .tls([chain([])])
        case .permissive:
            // TLS of the application's own goes through as it is.
            let foreign = FilterChain(
                name: "inbound.\(plan.port).tls", serverNames: ["*"],
                handling: .passthrough(route), origin: plan.origin)
            return .sniffed([chain(MeshTLS.clientProtocols), foreign], plain: .tcp(route))
        }
    }

    private func meshChain(
        _ plan: SidecarPlan.Inbound, _ names: [String], _ handling: FilterChain.Handling
    ) -> FilterChain {
        FilterChain(
            name: "inbound.\(plan.port).mesh", serverNames: ["*"], applicationProtocols: names,
            handling: handling, origin: plan.authentication.origin ?? plan.origin)
    }
}
