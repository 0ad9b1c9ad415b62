// Which cluster a destination means, and what is said where it means none.
import Mesh
import Spec
import Testing

@Suite struct DestinationTests {
    private static func world(_ route: String, _ others: String...) -> World {
        World(
            ([Piece.gateway(), Piece.virtualService(http: "- route: [\(route)]")] + others)
                .joined(separator: "\n---\n"))
    }

    private static func forward(_ world: World) -> Forward? {
        guard case .forward(let forward) = world.route()?.action else { return nil }
        return forward
    }

    @Test("a short host is looked for in the VirtualService's namespace")
    func shortHost() {
        let world = World(
            Piece.gateway(), Piece.served("a"), Piece.served("a", namespace: "other"),
            Piece.virtualService(
                namespace: "other", gateways: "default/gw", http: Piece.to("a")))
        #expect(world.clusters() == ["outbound|80||a.other.svc.cluster.local"])
    }

    @Test("a host with a dot is taken as it is and not completed")
    func dottedHost() {
        let world = Self.world("{destination: {host: a.default}}", Piece.served("a"))
        #expect(Self.forward(world)?.destinations[0].cluster == nil)
        #expect(world.clusters() == ["outbound|80||a.default"])
        #expect(world.says("there is no service a.default", "503 NC"))
        let full = Self.world(
            "{destination: {host: a.default.svc.cluster.local}}", Piece.served("a"))
        #expect(Self.forward(full)?.destinations[0].cluster == 0)
    }

    @Test("a mistyped host is no error, gets 503 NC, and is told with the nearest name")
    func mistyped() {
        let world = Self.world("{destination: {host: reviewz}}", Piece.served("reviews"))
        #expect(world.result.snapshot != nil)
        #expect(Self.forward(world)?.destinations[0].cluster == nil)
        #expect(
            world.says(
                "no service reviewz.default.svc.cluster.local",
                "did you mean reviews.default.svc.cluster.local?",
                "spec.http[0].route[0].destination"))
    }

    @Test("a name that is right and a namespace that is not names the right one")
    func wrongNamespace() {
        let world = Self.world("{destination: {host: a}}", Piece.served("a", namespace: "prod"))
        #expect(world.says("did you mean a.prod.svc.cluster.local?"))
    }

    @Test("a host that is like no other gets no suggestion")
    func noSuggestion() {
        let world = Self.world("{destination: {host: httpbin}}", Piece.served("details"))
        #expect(world.says("no service httpbin.default", "describe it with a Service"))
    }

    @Test("a service with one port needs no port in the destination")
    func onePort() {
        let world = Self.world(
            "{destination: {host: a}}", Piece.service("a", ports: "{name: http, port: 9080}"))
        #expect(world.clusters() == ["outbound|9080||a.default.svc.cluster.local"])
        #expect(Self.forward(world)?.destinations[0].cluster == 0)
    }

    @Test("with several ports and none named the listener's port is meant")
    func severalPorts() {
        let ports = "{name: http, port: 80}, {name: admin, port: 81}"
        let hit = Self.world("{destination: {host: a}}", Piece.service("a", ports: ports))
        #expect(hit.clusters() == [Piece.a])
        let others = "{name: http, port: 9080}, {name: admin, port: 81}"
        let miss = Self.world("{destination: {host: a}}", Piece.service("a", ports: others))
        #expect(Self.forward(miss)?.destinations[0].cluster == nil)
        #expect(miss.says("several ports (9080, 81)", "add port.number"))
        let named = Self.world(
            "{destination: {host: a, port: {number: 81}}}", Piece.service("a", ports: others))
        #expect(named.clusters() == ["outbound|81||a.default.svc.cluster.local"])
    }

    @Test("the listener's port is the declared one, not the bound one")
    func declaredPort() {
        let ports = "{name: http, port: 80}, {name: admin, port: 81}"
        let world = World(
            Piece.gateway(), Piece.service("a", ports: ports),
            Piece.virtualService(http: Piece.to("a")), node: Node(portMap: [80: 8080]))
        #expect(world.clusters() == [Piece.a])
    }

    @Test("a port that the service does not have gets 503 NC")
    func wrongPort() {
        let world = Self.world(
            "{destination: {host: a, port: {number: 8080}}}", Piece.served("a"))
        #expect(Self.forward(world)?.destinations[0].cluster == nil)
        #expect(world.says("a.default.svc.cluster.local has no port 8080", "it has 80"))
    }

    @Test("UDP ports are not there for a proxy")
    func udpPort() {
        let world = Self.world(
            "{destination: {host: a}}",
            Piece.service(
                "a", ports: "{name: dns, port: 53, protocol: UDP}, {name: http, port: 8080}"))
        #expect(world.clusters() == ["outbound|8080||a.default.svc.cluster.local"])
    }

    @Test("a subset has to be defined by a DestinationRule")
    func subset() {
        let rule = """
            kind: DestinationRule
            metadata: {name: a}
            spec:
              host: a
              subsets: [{name: v1, labels: {version: v1}}]
            """
        let good = Self.world("{destination: {host: a, subset: v1}}", Piece.served("a"), rule)
        #expect(good.clusters() == ["outbound|80|v1|a.default.svc.cluster.local"])
        #expect(Self.forward(good)?.destinations[0].cluster == 0)
        let bad = Self.world("{destination: {host: a, subset: v2}}", Piece.served("a"), rule)
        #expect(Self.forward(bad)?.destinations[0].cluster == nil)
        #expect(bad.says("no subset v2", "did you mean v1?"))
        let none = Self.world("{destination: {host: a, subset: v2}}", Piece.served("a"))
        #expect(none.says("no subset v2", "no DestinationRule"))
    }

    @Test("a service that is not exported to the gateway's namespace is unknown to it")
    func notExported() {
        let world = Self.world(
            "{destination: {host: a}}",
            """
            kind: Service
            metadata:
              name: a
              annotations: {networking.istio.io/exportTo: "."}
            spec: {ports: [{port: 80}]}
            """)
        #expect(Self.forward(world)?.destinations[0].cluster == nil)
        #expect(world.says("not exported to namespace istio-system"))
    }

    @Test("of one host in two namespaces the VirtualService's own is meant")
    func ownNamespace() {
        func entry(_ namespace: String, _ address: String) -> String {
            """
            kind: ServiceEntry
            metadata: {name: x, namespace: \(namespace)}
            spec:
              hosts: [x.com]
              ports: [{number: 80, name: http, protocol: HTTP}]
              resolution: STATIC
              endpoints: [{address: \(address)}]
            """
        }
        let world = Self.world(
            "{destination: {host: x.com}}", entry("other", "10.0.0.1"), entry("default", "10.0.0.2")
        )
        #expect(world.endpoints("outbound|80||x.com") == "10.0.0.2:80")
    }

    @Test("an ExternalName service leads to the service it names")
    func externalName() {
        let alias = """
            kind: Service
            metadata: {name: alias}
            spec:
              type: ExternalName
              externalName: a.default.svc.cluster.local
              ports: [{port: 80}]
            """
        let world = Self.world("{destination: {host: alias}}", alias, Piece.served("a"))
        #expect(world.clusters() == [Piece.a])
        #expect(world.endpoints(Piece.a) == "10.0.0.1:80")
        let dangling = Self.world("{destination: {host: alias}}", alias)
        #expect(dangling.says("alias.default.svc.cluster.local stands for a.default.svc"))
    }

    @Test(
        "one destination gets everything whatever its weight",
        arguments: ["", ", weight: 0", ", weight: 7"])
    func singleWeight(_ weight: String) {
        let world = Self.world("{destination: {host: a}\(weight)}", Piece.served("a"))
        #expect(Self.forward(world)?.destinations.map(\.weight) == [1])
        #expect(Self.forward(world)?.totalWeight == 1)
    }

    @Test("weights are shares of their sum, which need not be 100; 0 and none get nothing")
    func weights() {
        let world = Self.world(
            """
            {destination: {host: a}, weight: 3}, {destination: {host: b}, weight: 1},
            {destination: {host: a, port: {number: 80}}, weight: 0}, {destination: {host: b}}
            """, Piece.served("a"), Piece.served("b"))
        let forward = Self.forward(world)
        #expect(forward?.destinations.map(\.clusterName) == [Piece.a, Piece.b])
        #expect(forward?.destinations.map(\.weight) == [3, 1])
        #expect(forward?.totalWeight == 4)
    }

    @Test("an unknown destination keeps its share of the weight")
    func unknownWeight() {
        let world = Self.world(
            "{destination: {host: a}, weight: 50}, {destination: {host: nope}, weight: 50}",
            Piece.served("a"))
        #expect(Self.forward(world)?.destinations.map(\.cluster) == [0, nil])
        #expect(Self.forward(world)?.totalWeight == 100)
    }

    @Test("only what some route names becomes a cluster, each once")
    func clusters() {
        let world = World(
            Piece.gateway(), Piece.served("a"), Piece.served("b"),
            Piece.virtualService(
                http: """
                    - match: [{uri: {prefix: /x}}]
                      route: [{destination: {host: a}}]
                    - route: [{destination: {host: a}}]
                    """))
        #expect(world.snapshot.clusters.map(\.name) == [Piece.a])
    }

    @Test("a destination that is wrong in two routes is told once")
    func toldOnce() {
        let world = World(
            Piece.gateway(), Piece.gateway("gw2", port: 81),
            Piece.virtualService(gateways: "gw, gw2", http: Piece.to("nope")))
        #expect(world.warnings.filter { $0.message.contains("nope") }.count == 1)
    }
}

@Suite struct WeightSumTests {
    /// The reader refuses such weights in text; the compiler must not trust that it did.
    private static func world(_ weights: [Int32]) -> World {
        let world = World(
            Piece.gateway(), Piece.served("a"), Piece.virtualService(http: Piece.to("a")))
        let destinations = weights.map { weight in
            var share = HTTPRouteDestination()
            share.destination.host = "a"
            share.weight = weight
            return share
        }
        var rule = HTTPRoute()
        rule.route = destinations
        let old = world.objects.virtualServices[0]
        let service = VirtualService(
            metadata: old.metadata, source: old.source, hosts: old.hosts, gateways: old.gateways,
            http: [rule])
        let others: [any Resource] =
            world.objects.gateways + world.objects.services + world.objects.workloadEntries
        return World(ObjectSet(others + [service]))
    }

    @Test("a sum of weights beyond 32 bits is an error and no overflow")
    func tooMuch() {
        let world = Self.world([.max, .max, .max])
        #expect(world.result.snapshot == nil)
        #expect(world.says("the weights add up to 6442450941", severity: .error))
    }

    @Test("weights that add up to nothing are an error", arguments: [[0, 0], [-1, 0], []])
    func nothing(_ weights: [Int32]) {
        #expect(Self.world(weights).says("the weights add up to 0", severity: .error))
    }

    @Test("the largest sum is served")
    func largest() {
        #expect(Self.world([.max, .max, 1]).result.snapshot != nil)
    }
}
