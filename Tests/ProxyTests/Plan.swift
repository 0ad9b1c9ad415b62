// Snapshots made by hand, with what a test wants to vary and nothing else to say.
// The compiler in Mesh has its own tests; here only what the data plane makes of a snapshot counts.
import Mesh
import Net
import Spec

/// One HTTP listener, its routes in order, and the clusters they name by their place.
struct Plan {
    static let origin = Mesh.Origin(
        object: ObjectKey(kind: "VirtualService", namespace: "test", name: "plan"),
        location: SourceLocation(file: "plan.yaml", line: 1, column: 1))

    var routes: [Route] = []
    var clusters: [Cluster] = []
    var tcp: Mesh.TCPRoute?
    var isTCP = false
    var chains: [FilterChain] = []
    /// Plain text is taken beside the chains' TLS.
    var isSniffed = false
    var direction = ListenerSpec.Direction.gateway
    var declaredPort: UInt16 = 80
    var redirectsToHTTPS = false

    /// No retries: what a test does to one connection is what its client gets to see.
    static let once = RoutePolicy(retry: nil)

    /// Everything goes to one cluster of these endpoints.
    static func forwarding(
        to endpoints: [SocketAddress], policy: Cluster.LoadBalancing = .leastRequest,
        connectTimeoutMs: UInt32 = 1000, headers: HeaderMutations? = nil, rewrite: Rewrite? = nil,
        path: RouteMatch.Path = .any, route: RoutePolicy = once
    ) -> Plan {
        var plan = Plan()
        plan.clusters = [
            cluster("a", endpoints, policy: policy, connectTimeoutMs: connectTimeoutMs)
        ]
        plan.routes = [
            Self.route(path, to: 0, headers: headers, rewrite: rewrite, policy: route)
        ]
        return plan
    }

    /// Everything goes to one cluster, whose one endpoint is a name.
    static func named(
        _ name: String, port: UInt16, _ discovery: Cluster.Discovery,
        connectTimeoutMs: UInt32 = 5_000
    ) -> Plan {
        var plan = Plan.forwarding(to: [])
        plan.clusters = [
            Cluster(
                name: "outbound|80||a", host: "a", serviceName: "a", namespace: "test", port: 80,
                subset: "", loadBalancing: .roundRobin, connectTimeoutMs: connectTimeoutMs,
                discovery: discovery,
                endpoints: [
                    Endpoint(
                        address: name, isName: true, port: port, weight: 1, locality: "",
                        labels: [:], workload: Workload(), origin: origin)
                ], origins: [])
        ]
        return plan
    }

    /// Requests go to the first endpoint, cluster `a`, and a copy of each to the second, `b`.
    static func mirroring(_ original: SocketAddress, to copy: SocketAddress) -> Plan {
        var plan = Plan()
        plan.clusters = [cluster("a", [original]), cluster("b", [copy])]
        let mirror = MirrorPolicy(
            forward: Forward(destinations: [destination(1)], policy: once), share: 1_000_000)
        let forward = Forward(
            destinations: [destination(0)], policy: RoutePolicy(retry: nil, mirrors: [mirror]))
        plan.routes = [route(.any, .forward(forward))]
        return plan
    }

    static func cluster(
        _ name: String, _ endpoints: [SocketAddress], weights: [UInt32] = [],
        policy: Cluster.LoadBalancing = .leastRequest, connectTimeoutMs: UInt32 = 1000
    ) -> Cluster {
        Cluster(
            name: "outbound|80||\(name)", host: name, serviceName: name, namespace: "test",
            port: 80, subset: "", loadBalancing: policy, connectTimeoutMs: connectTimeoutMs,
            endpoints: endpoints.enumerated().map { index, address in
                Endpoint(
                    address: address.host, port: address.port,
                    weight: index < weights.count ? weights[index] : 1, locality: "", labels: [:],
                    workload: Workload(), origin: origin)
            }, origins: [])
    }

    /// Every endpoint is spoken to as `tls` says.
    mutating func secure(_ tls: UpstreamTLS) {
        remake(tls: tls)
    }

    mutating func speak(_ speaks: Cluster.UpstreamProtocol) {
        remake(speaks: speaks)
    }

    mutating func limit(_ pool: PoolPolicy?, outliers: OutlierPolicy? = nil) {
        remake(pool: pool, outliers: outliers)
    }

    /// The clusters of these places are outside of the mesh, the others inside.
    mutating func lead(outside places: Int...) {
        remake(outside: places)
    }

    private mutating func remake(
        tls: UpstreamTLS? = nil, speaks: Cluster.UpstreamProtocol? = nil, pool: PoolPolicy? = nil,
        outliers: OutlierPolicy? = nil, outside: [Int] = []
    ) {
        clusters = clusters.enumerated().map { place, old in
            Cluster(
                name: old.name, host: old.host, serviceName: old.serviceName,
                namespace: old.namespace, port: old.port, subset: old.subset,
                loadBalancing: old.loadBalancing, upstreamProtocol: speaks ?? old.upstreamProtocol,
                connectTimeoutMs: old.connectTimeoutMs, discovery: old.discovery,
                pool: pool ?? old.pool,
                outliers: outliers ?? old.outliers,
                endpoints: old.endpoints.map {
                    Endpoint(
                        address: $0.address, isName: $0.isName, port: $0.port,
                        weight: $0.weight, locality: $0.locality, labels: $0.labels,
                        workload: $0.workload,
                        tls: tls ?? $0.tls,
                        origin: $0.origin)
                }, dynamic: old.dynamic,
                leavesMesh: outside.contains(place) || old.leavesMesh, origins: old.origins)
        }
    }

    static func destination(
        _ cluster: Int?, weight: UInt32 = 1, headers: HeaderMutations? = nil
    ) -> WeightedDestination {
        WeightedDestination(
            cluster: cluster, clusterName: "outbound|80||\(cluster.map { "\($0)" } ?? "gone")",
            weight: weight, headers: headers)
    }

    static func route(
        _ path: RouteMatch.Path = .any, to cluster: Int?, headers: HeaderMutations? = nil,
        rewrite: Rewrite? = nil, policy: RoutePolicy = once
    ) -> Route {
        let forward = Forward(
            destinations: [destination(cluster)], rewrite: rewrite, policy: policy)
        return route(path, .forward(forward), headers: headers)
    }

    static func route(
        _ path: RouteMatch.Path = .any, _ action: RouteAction, headers: HeaderMutations? = nil
    ) -> Route {
        Route(
            name: "default", match: RouteMatch(path: path), action: action, headers: headers,
            origin: origin)
    }

    static func prefix(_ text: String) -> RouteMatch.Path { .prefix(Array(text.utf8)) }

    static func value(_ name: String, _ text: String) -> HeaderMutations.HeaderValue {
        HeaderMutations.HeaderValue(
            name: Array(name.utf8), value: [.literal(Array(text.utf8))])
    }

    private func kind(_ table: RouteTable) -> ListenerSpec.Kind {
        if isSniffed { return .sniffed(chains, plain: isTCP ? .tcp(tcp) : .http(table)) }
        if !chains.isEmpty { return .tls(chains) }
        return isTCP ? .tcp(tcp) : .http(table)
    }

    /// As the compiler would hand it over; the listener is called `name`.
    func snapshot(listener name: String, port: UInt16, version: Int = 1) -> Snapshot {
        let table = RouteTable(
            name: "http.80",
            virtualHosts: [
                VirtualHost(
                    name: "*:80", domains: ["*"], routes: routes,
                    redirectsToHTTPS: redirectsToHTTPS)
            ])
        let listener = ListenerSpec(
            name: name, bind: "127.0.0.1", port: port, declaredPort: declaredPort,
            kind: kind(table), direction: direction, origins: [])
        return Snapshot(
            version: .init(version), routing: Routing(listeners: [listener]), clusters: clusters)
    }
}
