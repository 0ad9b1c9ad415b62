// Where a request goes on behind an endpoint that is a gateway itself: the egress gateway that a
// sidecar's calls leave by.
// It is asked with the request as it would arrive there, compiled for that gateway, so that one
// answer tells the whole way.
internal import Spec

extension Explainer {
    /// A gateway that a share of the request goes to, and how it arrives there.
    struct Hop {
        let node: Node
        let name: String
        let request: ExplainRequest
    }

    /// Gateways behind gateways: Istio's recipes have one.
    static var hopsMax: Int { 4 }

    /// Writes down the gateway that the endpoints of `cluster` are, if they are one.
    mutating func follow(_ destination: WeightedDestination, to cluster: Cluster) {
        guard
            let endpoint = cluster.endpoints.first(where: { endpoint in
                endpoint.labels != node.labels
                    && objects.gateways.contains {
                        !$0.selector.isEmpty && endpoint.labels.satisfies($0.selector)
                    }
            })
        else { return }
        var next = Node(
            labels: endpoint.labels, namespace: endpoint.workload.namespace, domain: node.domain,
            rootNamespace: node.rootNamespace, trustDomain: node.trustDomain,
            hasIdentity: node.hasIdentity)
        next.locality = endpoint.locality
        hops.append(
            Hop(
                node: next, name: "\(endpoint.workload.name).\(endpoint.workload.namespace)",
                request: onward(to: destination).arriving(
                    port: cluster.port, tls: endpoint.tls)))
    }

    /// The request as the route that took it sends it on. What is inside of a tunnel, or of a TLS
    /// that ends elsewhere, is not touched.
    private func onward(to destination: WeightedDestination) -> ExplainRequest {
        if let inside { return inside }
        guard let taker, case .forward(let forward) = taker.action else { return request }
        // Precedence is the data plane's: what the rule says before what the destination says.
        let authority =
            forward.rewrite?.authority ?? taker.headers?.authority
            ?? destination.headers?.authority
        return request.changed(
            route: taker.headers?.request, destination: destination.headers?.request,
            operators: [
                .protocolName: "HTTP/1.1", .routeName: taker.name,
                .upstreamCluster: destination.clusterName,
            ]
        ).rewritten(
            path: forward.rewrite.flatMap { rewritten($0.path) },
            authority: authority.map { String(decoding: $0, as: UTF8.self) })
    }

    /// What the gateways behind this one make of it.
    func explainHops(depth: Int) -> [Explanation.Hop] {
        guard depth < Self.hopsMax else { return [] }
        return hops.compactMap { hop in
            guard let snapshot = compile(objects, node: hop.node, version: 0).snapshot else {
                return nil
            }
            return .init(
                gateway: hop.name,
                explanation: explain(
                    hop.request, snapshot: snapshot, objects: objects, node: hop.node,
                    depth: depth + 1))
        }
    }
}
