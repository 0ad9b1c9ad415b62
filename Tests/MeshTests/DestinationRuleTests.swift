// Which DestinationRule applies, and what is left of its policies for one port and subset.
import Mesh
import Spec
import Testing

@Suite struct DestinationRuleTests {
    private static let v1 = "outbound|80|v1|a.default.svc.cluster.local"

    private static func rule(
        named name: String = "a", namespace: String = "default", host: String = "a", _ spec: String
    ) -> String {
        """
        kind: DestinationRule
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          host: \(host)
        \(spec.indented(2))
        """
    }

    private static func world(
        _ rules: String..., subset: String = "", node: Node = Node()
    ) -> World {
        let choice = subset.isEmpty ? "" : ", subset: \(subset)"
        return World(
            ([
                Piece.gateway(), Piece.served("a"),
                Piece.virtualService(http: "- route: [{destination: {host: a\(choice)}}]"),
            ] + rules).joined(separator: "\n---\n"), node: node)
    }

    private static func balancing(_ world: World, _ name: String = Piece.a) -> String {
        world.cluster(name).map { "\($0.loadBalancing)" } ?? "none"
    }

    private static func simple(_ name: String) -> String {
        "trafficPolicy: {loadBalancer: {simple: \(name)}}"
    }

    @Test("least request and 10 s to connect are what nobody has to say")
    func defaults() {
        let world = Self.world()
        #expect(Self.balancing(world) == "leastRequest")
        #expect(world.cluster(Piece.a)?.connectTimeoutMs == 10_000)
    }

    @Test(
        "loadBalancer.simple decides",
        arguments: [
            ("ROUND_ROBIN", "roundRobin"), ("RANDOM", "random"), ("LEAST_REQUEST", "leastRequest"),
            ("LEAST_CONN", "leastRequest"), ("UNSPECIFIED", "leastRequest"),
        ])
    func balancers(_ written: String, _ result: String) {
        #expect(Self.balancing(Self.world(Self.rule(Self.simple(written)))) == result)
    }

    @Test(
        "connectTimeout is in milliseconds, at least one",
        arguments: [
            ("1.5s", 1_500), ("20ms", 20), ("1h", 3_600_000), ("1m30s", 90_000),
        ])
    func connectTimeout(_ written: String, _ milliseconds: UInt32) {
        let world = Self.world(
            Self.rule("trafficPolicy: {connectionPool: {tcp: {connectTimeout: \(written)}}}"))
        #expect(world.cluster(Piece.a)?.connectTimeoutMs == milliseconds)
    }

    @Test("settings of a port lose the PROXY header; those of a subset's port keep it")
    func proxyHeader() {
        let subset = { (policy: String) in
            """
            subsets:
            - name: v1
              labels: {version: v1}
              trafficPolicy: {\(policy)}
            """
        }
        let general = "trafficPolicy: {proxyProtocol: {version: V2}}"
        let port = "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]"
        func header(_ spec: String, subset: String = "") -> ProxyHeader? {
            let name = subset.isEmpty ? Piece.a : Self.v1
            return Self.world(Self.rule(spec), subset: subset).cluster(name)?.proxyHeader
        }
        #expect(header(general) == .v2)
        #expect(header("trafficPolicy: {proxyProtocol: {version: V2}, \(port)}") == nil)
        let balanced = subset("loadBalancer: {simple: RANDOM}")
        #expect(header("\(general)\n\(balanced)", subset: "v1") == .v2)
        #expect(header("\(general)\n\(subset("proxyProtocol: {}"))", subset: "v1") == .v1)
        #expect(header("\(general)\n\(subset(port))", subset: "v1") == .v2)
        #expect(header(subset("proxyProtocol: {version: V2}, \(port)"), subset: "v1") == nil)
    }

    @Test("a subset's policy replaces block by block")
    func subsetBlocks() {
        let world = Self.world(
            Self.rule(
                """
                trafficPolicy:
                  loadBalancer: {simple: RANDOM}
                  connectionPool: {tcp: {connectTimeout: 2s}}
                subsets:
                - name: v1
                  labels: {version: v1}
                  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}
                """), subset: "v1")
        #expect(Self.balancing(world, Self.v1) == "roundRobin")
        #expect(world.cluster(Self.v1)?.connectTimeoutMs == 2_000)
    }

    @Test("a subset's policy does not matter to traffic without the subset")
    func subsetAlone() {
        let world = Self.world(
            Self.rule(
                """
                subsets:
                - name: v1
                  labels: {version: v1}
                  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}
                """))
        #expect(Self.balancing(world) == "leastRequest")
    }

    @Test("a port's settings replace the whole policy: what they leave out falls to the default")
    func portLevel() {
        let world = Self.world(
            Self.rule(
                """
                trafficPolicy:
                  loadBalancer: {simple: RANDOM}
                  connectionPool: {tcp: {connectTimeout: 2s}}
                  portLevelSettings:
                  - port: {number: 80}
                    connectionPool: {tcp: {connectTimeout: 3s}}
                """))
        #expect(Self.balancing(world) == "leastRequest")
        #expect(world.cluster(Piece.a)?.connectTimeoutMs == 3_000)
    }

    @Test("settings of another port change nothing")
    func otherPort() {
        let world = Self.world(
            Self.rule(
                """
                trafficPolicy:
                  loadBalancer: {simple: RANDOM}
                  portLevelSettings: [{port: {number: 81}, loadBalancer: {simple: ROUND_ROBIN}}]
                """))
        #expect(Self.balancing(world) == "random")
    }

    @Test("a subset's settings for the port beat everything, whole")
    func subsetPortLevel() {
        let world = Self.world(
            Self.rule(
                """
                trafficPolicy:
                  loadBalancer: {simple: RANDOM}
                  connectionPool: {tcp: {connectTimeout: 2s}}
                subsets:
                - name: v1
                  labels: {version: v1}
                  trafficPolicy:
                    connectionPool: {tcp: {connectTimeout: 4s}}
                    portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}]
                """), subset: "v1")
        #expect(Self.balancing(world, Self.v1) == "roundRobin")
        #expect(world.cluster(Self.v1)?.connectTimeoutMs == 10_000)
    }

    @Test("the most specific host of a level wins")
    func specificHost() {
        let world = Self.world(
            Self.rule(named: "any", host: "\"*\"", Self.simple("RANDOM")),
            Self.rule(
                named: "wild", host: "\"*.default.svc.cluster.local\"", Self.simple("ROUND_ROBIN")))
        #expect(Self.balancing(world) == "roundRobin")
        let exact = Self.world(
            Self.rule(
                named: "wild", host: "\"*.default.svc.cluster.local\"", Self.simple("ROUND_ROBIN")),
            Self.rule(named: "exact", Self.simple("RANDOM")))
        #expect(Self.balancing(exact) == "random")
    }

    @Test("the proxy's namespace comes before the service's, and that before the root")
    func levels() {
        let full = "a.default.svc.cluster.local"
        let root = Self.rule(
            named: "r", namespace: "istio-system", host: full, Self.simple("RANDOM"))
        let service = Self.rule(named: "s", Self.simple("ROUND_ROBIN"))
        let own = Self.rule(named: "o", namespace: "edge", host: full, Self.simple("LEAST_REQUEST"))
        let node = Node(namespace: "edge")
        #expect(Self.balancing(Self.world(root, node: node)) == "random")
        #expect(Self.balancing(Self.world(root, service, node: node)) == "roundRobin")
        #expect(Self.balancing(Self.world(root, service, own, node: node)) == "leastRequest")
    }

    @Test("a level that has anything is used whole: nothing is merged in from the next")
    func levelsAreNotMerged() {
        let world = Self.world(
            Self.rule(
                named: "root", namespace: "istio-system", host: "a.default.svc.cluster.local",
                "trafficPolicy: {connectionPool: {tcp: {connectTimeout: 2s}}}"),
            Self.rule(Self.simple("RANDOM")), node: Node(namespace: "edge"))
        #expect(world.cluster(Piece.a)?.connectTimeoutMs == 10_000)
    }

    @Test("in the root namespace the service's rule comes before the proxy's own, unless private")
    func rootProxy() {
        let full = "a.default.svc.cluster.local"
        let service = Self.rule(named: "s", Self.simple("ROUND_ROBIN"))
        let shared = Self.rule(
            named: "r", namespace: "istio-system", host: full, Self.simple("RANDOM"))
        #expect(Self.balancing(Self.world(service, shared)) == "roundRobin")
        let hidden = Self.rule(
            named: "r", namespace: "istio-system", host: full,
            Self.simple("RANDOM") + "\nexportTo: ['.']")
        #expect(Self.balancing(Self.world(service, hidden)) == "random")
    }

    @Test("a rule that is not exported to the proxy's namespace does not count")
    func exportTo() {
        let world = Self.world(Self.rule(Self.simple("RANDOM") + "\nexportTo: ['.']"))
        #expect(Self.balancing(world) == "leastRequest")
    }

    @Test("a rule of a third namespace does not count, exported or not")
    func thirdNamespace() {
        let world = Self.world(
            Self.rule(namespace: "x", host: "a.default.svc.cluster.local", Self.simple("RANDOM")))
        #expect(Self.balancing(world) == "leastRequest")
    }

    @Test("rules of one host in one namespace add up: subsets of all, the oldest one's policy")
    func merge() {
        let one = Self.rule(named: "one", Self.simple("RANDOM"))
        let two = Self.rule(
            named: "two",
            Self.simple("ROUND_ROBIN") + "\nsubsets: [{name: v1, labels: {version: v1}}]")
        let world = Self.world(one, two, subset: "v1")
        #expect(Self.balancing(world, Self.v1) == "random")
        #expect(world.endpoints(Self.v1) == "10.0.0.1:80")
    }

    @Test("of two subsets of one name the first counts")
    func duplicateSubset() {
        let world = Self.world(
            Self.rule(named: "one", "subsets: [{name: v1, labels: {version: v1}}]"),
            Self.rule(named: "two", "subsets: [{name: v1, labels: {version: v9}}]"), subset: "v1")
        #expect(world.endpoints(Self.v1) == "10.0.0.1:80")
    }

    @Test(
        "a rule with workloadSelector is for the proxies it selects in its own namespace",
        arguments: [
            ("edge", ["istio": "ingressgateway"], "random"),
            ("edge", ["istio": "egress"], "leastRequest"),
            ("default", ["istio": "ingressgateway"], "leastRequest"),
        ] as [(String, [String: String], String)])
    func workloadSelector(_ namespace: String, _ labels: [String: String], _ result: String) {
        var blocks = TrafficPolicy.Blocks()
        blocks.loadBalancer = LoadBalancerSettings()
        blocks.loadBalancer?.simple = .random
        let rule = DestinationRule(
            metadata: Metadata(name: "own", namespace: namespace),
            source: SourceLocation(file: "own.yaml", line: 1, column: 1),
            host: Located("a.default.svc.cluster.local"),
            trafficPolicy: TrafficPolicy(blocks: blocks), workloadSelector: labels)
        let node = Node(namespace: "edge")
        let others = Self.world(node: node).objects
        let objects: [any Resource] =
            others.gateways + others.virtualServices + others.services + others.workloadEntries
        #expect(Self.balancing(World(ObjectSet(objects + [rule]), node: node)) == result)
    }

    @Test("a rule for a host nobody describes is told, with the one that was meant")
    func unknownHost() {
        let world = Self.world(Self.rule(host: "b", Self.simple("RANDOM")))
        #expect(
            world.says(
                "there is no service b.default.svc.cluster.local", "no effect",
                "did you mean a.default.svc.cluster.local?"))
    }

    @Test("a subset that fits no endpoint is told, and is there all the same")
    func emptySubset() {
        let world = Self.world(
            Self.rule("subsets: [{name: v1, labels: {version: v9}}]"), subset: "v1")
        #expect(world.endpoints(Self.v1) == "")
        #expect(world.says("the subset v1 (version=v9) fits none of the 1 endpoints"))
    }

    @Test("a subset without labels takes every endpoint")
    func allLabels() {
        let world = Self.world(Self.rule("subsets: [{name: v1, labels: {}}]"), subset: "v1")
        #expect(world.endpoints(Self.v1) == "10.0.0.1:80")
    }

    @Test("a cluster names the objects that made it")
    func origins() {
        let world = Self.world(
            Self.rule("subsets: [{name: v1, labels: {version: v1}}]"), subset: "v1")
        #expect(
            world.cluster(Self.v1)?.origins.map(\.object.description)
                == ["Service default/a", "DestinationRule default/a"])
    }

    @Test(
        "a tunnel: CONNECT where nothing is said, an IPv6 target in brackets",
        arguments: [
            (
                "targetHost: far.example, targetPort: 443", TunnelPolicy.Method.connect,
                "far.example:443"
            ),
            ("protocol: POST, targetHost: far.example, targetPort: 80", .post, "far.example:80"),
            (
                "protocol: connect, targetHost: '2001:db8::1', targetPort: 1", .connect,
                "[2001:db8::1]:1"
            ),
        ] as [(String, TunnelPolicy.Method, String)])
    func tunnel(written: String, method: TunnelPolicy.Method, target: String) throws {
        let world = Self.world(Self.rule("trafficPolicy: {tunnel: {\(written)}}"))
        let cluster = try #require(world.cluster("outbound|80||a.default.svc.cluster.local"))
        #expect(cluster.tunnel == TunnelPolicy(method: method, target: target))
        #expect(world.says("port 80 of a.default.svc.cluster.local is one of HTTP", "as TCP"))
    }
}
