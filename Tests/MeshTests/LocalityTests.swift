// Who is asked first, and in which shares: DestinationRules and places as people write them, down
// to the priorities of the endpoints.
import Mesh
import Spec
import Testing

@Suite("locality")
struct LocalityTests {
    /// Endpoints in the places given, `10.0.0.1` first; `locality` is the gateway's own.
    private static func world(
        _ places: [String], from locality: String, labels: [[String: String]] = [],
        weights: [Int] = [], _ loadBalancer: String, hasOutlierDetection: Bool = true
    ) -> World {
        let endpoints = places.enumerated().map { index, place in
            let own = index < labels.count ? labels[index] : [:]
            let text = own.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
            return "- {address: 10.0.0.\(index + 1), locality: '\(place)', labels: {\(text)}, "
                + "weight: \(index < weights.count ? weights[index] : 1)}"
        }
        var node = Node()
        node.locality = locality
        node.labels["site"] = "near"
        return World(
            """
            \(Piece.gateway())
            ---
            kind: ServiceEntry
            metadata: {name: a, namespace: default}
            spec:
              hosts: [a.example.com]
              location: MESH_INTERNAL
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              endpoints:
            \(endpoints.joined(separator: "\n").indented(2))
            ---
            kind: DestinationRule
            metadata: {name: a, namespace: default}
            spec:
              host: a.example.com
              trafficPolicy:
                \(hasOutlierDetection ? "outlierDetection: {interval: 1s}" : "connectionPool: {tcp: {connectTimeout: 2s}}")
                loadBalancer:
            \(loadBalancer.indented(6))
            ---
            \(Piece.virtualService(http: "- route: [{destination: {host: a.example.com}}]"))
            """, node: node)
    }

    private static let cluster = "outbound|80||a.example.com"

    /// The priority of each endpoint; -1 where it is never asked.
    private static func priorities(_ world: World) -> [Int] {
        guard let cluster = world.cluster(cluster) else { return [] }
        guard let balance = cluster.balance else { return cluster.endpoints.map { _ in 0 } }
        return cluster.endpoints.indices.map { balance.priority(of: $0) ?? -1 }
    }

    private static let everywhere = [
        "eu/west/r1", "eu/west/r2", "eu/east/r1", "us/west/r1", "ap/one/r1",
    ]

    @Test("beside outlierDetection the nearest come first: subzone, zone, region, elsewhere")
    func nearest() throws {
        let world = Self.world(Self.everywhere, from: "eu/west/r1", "simple: ROUND_ROBIN")
        #expect(Self.priorities(world) == [0, 1, 2, 3, 3])
        #expect(world.cluster(Self.cluster)?.balance?.ordering == .failover(to: nil))
        let told = explain(
            try ExplainRequest(url: "http://example.com/"), snapshot: world.snapshot,
            objects: world.objects, node: world.node
        ).description
        #expect(told.contains("the nearest to eu/west/r1 first"))
        #expect(told.contains("priority 2, eu/east/r1"))
    }

    @Test("without outlierDetection, and without a place, all stand together")
    func together() {
        let alone = Self.world(
            Self.everywhere, from: "eu/west/r1", "simple: RANDOM", hasOutlierDetection: false)
        #expect(alone.cluster(Self.cluster)?.balance == nil)
        let nowhere = Self.world(Self.everywhere, from: "", "simple: RANDOM")
        #expect(nowhere.cluster(Self.cluster)?.balance == nil)
    }

    @Test("priorities that nobody has are left out of the count")
    func compressed() {
        let world = Self.world(
            ["us/a/1", "eu/west/r9", "ap/b/2"], from: "eu/west/r1", "simple: RANDOM")
        #expect(Self.priorities(world) == [1, 0, 1])
    }

    @Test("failover says which region stands in, and says that it needs outlierDetection")
    func failover() {
        let setting = "localityLbSetting: {failover: [{from: eu, to: ap}, {from: us, to: eu}]}"
        let world = Self.world(Self.everywhere, from: "eu/west/r1", setting)
        #expect(Self.priorities(world) == [0, 1, 2, 4, 3])
        #expect(world.cluster(Self.cluster)?.balance?.ordering == .failover(to: "ap"))
        let deaf = Self.world(
            Self.everywhere, from: "eu/west/r1", setting, hasOutlierDetection: false)
        #expect(Self.priorities(deaf) == [0, 0, 0, 0, 0])
        #expect(deaf.says("failover without outlierDetection"))
        let lost = Self.world(Self.everywhere, from: "", setting)
        #expect(lost.says("does not know its own place", "--locality"))
    }

    @Test("`enabled: false` switches places off, the default ones too")
    func disabled() {
        let world = Self.world(
            Self.everywhere, from: "eu/west/r1", "localityLbSetting: {enabled: false}")
        #expect(world.cluster(Self.cluster)?.balance == nil)
    }

    @Test("failoverPriority compares labels in order; `key=value` compares with the value")
    func labels() {
        let endpoints: [[String: String]] = [
            ["site": "far", "rack": "a"], ["site": "near", "rack": "b"],
            ["site": "near", "rack": "a"], [:],
        ]
        let world = Self.world(
            .init(repeating: "eu/west/r1", count: 4), from: "eu/west/r1", labels: endpoints,
            "localityLbSetting: {failoverPriority: [site, rack=a]}")
        #expect(Self.priorities(world) == [2, 1, 0, 2])
        let regional = Self.world(
            Self.everywhere, from: "eu/west/r1",
            "localityLbSetting: {failoverPriority: [topology.kubernetes.io/region, "
                + "topology.kubernetes.io/zone]}")
        #expect(Self.priorities(regional) == [0, 0, 1, 2, 2])
    }

    @Test("distribute gives shares by place, and those it does not name get nothing")
    func distribute() {
        let world = Self.world(
            ["eu/west/r1", "eu/west/r2", "eu/east/r1", "us/west/r1"], from: "eu/west/r1",
            weights: [3, 1, 1, 1],
            """
            localityLbSetting:
              distribute:
              - {from: us/*, to: {"us/*": 100}}
              - {from: eu/west/*, to: {"eu/west/*": 80, "eu/east/*": 20}}
            """, hasOutlierDetection: false)
        let level = world.cluster(Self.cluster)?.balance?.priorities.first
        #expect(level?.groups.map(\.members) == [[0], [1], [2]])
        // Four fifths divided by what stands behind the wildcard: three and one.
        #expect(level?.groups.map(\.weight) == [60, 20, 20])
        #expect(Self.priorities(world) == [0, 0, 0, -1])
    }

    @Test("distribute from elsewhere says nothing about this proxy; a star takes any")
    func from() {
        let rule = { (from: String) in
            "localityLbSetting: {distribute: [{from: '\(from)', to: {us/west/*: 100}}]}"
        }
        let other = Self.world(Self.everywhere, from: "eu/west/r1", rule("us/*"))
        #expect(Self.priorities(other) == [0, 0, 0, 0, 0])
        let star = Self.world(Self.everywhere, from: "eu/west/r1", rule("*"))
        #expect(Self.priorities(star) == [-1, -1, -1, 0, -1])
        let nobody = Self.world(["ap/a/b"], from: "eu/west/r1", rule("*"))
        #expect(nobody.says("no endpoint", "stands in a place that gets a share"))
    }

    @Test("a sidecar stands where its WorkloadEntry says, and labels say the same as places")
    func sidecar() {
        let objects = """
            kind: WorkloadEntry
            metadata: {name: a-1, namespace: default, labels: {app: a}}
            spec: {address: 10.0.0.1, locality: eu/west/r1, labels: {app: a}}
            ---
            kind: WorkloadEntry
            metadata: {name: a-2, namespace: default, labels: {app: a}}
            spec:
              address: 10.0.0.2
              labels: {app: a, istio-locality: us.west.r1}
            ---
            kind: Service
            metadata: {name: a, namespace: default}
            spec: {selector: {app: a}, ports: [{port: 80, name: http}]}
            ---
            kind: DestinationRule
            metadata: {name: a, namespace: default}
            spec:
              host: a
              trafficPolicy: {outlierDetection: {interval: 1s}}
              subsets:
              - name: us
                labels: {topology.kubernetes.io/region: us}
            ---
            kind: VirtualService
            metadata: {name: a, namespace: default}
            spec:
              hosts: [a]
              http:
              - match: [{uri: {prefix: /us}}]
                route: [{destination: {host: a, subset: us}}]
              - route: [{destination: {host: a}}]
            """
        let near = World(objects, node: Node.sidecar(of: "a-1", defaultNamespace: "default"))
        let cluster = near.cluster("outbound|80||a.default.svc.cluster.local")
        #expect(cluster?.endpoints.map(\.locality) == ["eu/west/r1", "us/west/r1"])
        #expect([0, 1].map { cluster?.balance?.priority(of: $0) } == [0, 1])
        #expect(near.endpoints("outbound|80|us|a.default.svc.cluster.local") == "10.0.0.2:80")
        let far = World(objects, node: Node.sidecar(of: "a-2", defaultNamespace: "default"))
        let seen = far.cluster("outbound|80||a.default.svc.cluster.local")?.balance
        #expect([0, 1].map { seen?.priority(of: $0) } == [1, 0])
    }
}
