// `zoneAwareLbSetting`: regions by priority, and shares of places by endpoints and callers.
import Mesh
import Spec
import Testing

@Suite("zone aware balancing")
struct ZoneTests {
    private static let callers = """
        kind: Service
        metadata: {name: edge, namespace: istio-system}
        spec: {selector: {istio: ingressgateway}, ports: [{name: http, port: 80}]}
        """

    private static func caller(_ name: String, _ place: String) -> String {
        """
        kind: WorkloadEntry
        metadata: {name: edge-\(name), namespace: istio-system}
        spec: {address: 10.1.0.1\(name), labels: {istio: ingressgateway}, locality: \(place)}
        """
    }

    private static func world(
        _ places: [String], from locality: String, callers: [String] = [],
        _ loadBalancer: String = "zoneAwareLbSetting: {enabled: true, minClusterSize: 2}"
    ) -> World {
        let endpoints = places.enumerated().map { index, place in
            "- {address: 10.0.0.\(index + 1), locality: '\(place)'}"
        }
        var node = Node()
        node.locality = locality
        let machines = callers.enumerated().map { caller("\($0)", $1) }
        return World(
            """
            \(Piece.gateway())
            ---
            kind: ServiceEntry
            metadata: {name: a, namespace: default}
            spec:
              hosts: [a.example.com]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              endpoints:
            \(endpoints.joined(separator: "\n").indented(2))
            ---
            kind: DestinationRule
            metadata: {name: a, namespace: default}
            spec:
              host: a.example.com
              trafficPolicy: {loadBalancer: {\(loadBalancer)}}
            ---
            \(Piece.virtualService(http: "- route: [{destination: {host: a.example.com}}]"))
            ---
            \(([Self.callers] + machines).joined(separator: "\n---\n"))
            """, node: node)
    }

    private static func balance(_ world: World) -> BalancePolicy? {
        world.cluster("outbound|80||a.example.com")?.balance
    }

    @Test("the own region comes first, with a group for each of its places")
    func regions() throws {
        let world = Self.world(
            ["us/a", "eu/a", "eu/b", "eu/a"], from: "eu/a",
            callers: ["eu/a", "eu/b", "eu/b", "us/a"])
        let balance = try #require(Self.balance(world))
        #expect(balance.priorities.map { $0.groups.map(\.members) } == [[[1, 3], [2]], [[0]]])
        #expect(balance.ordering == .zones(failover: nil))
        // A third of the region's callers; those of another region call there.
        #expect(
            balance.priorities[0].zones
                == ZoneShares(own: 0, callers: [3333, 6666], minimumSize: 2))
        #expect(balance.priorities[1].zones == nil)
        #expect(world.warnings.isEmpty)
        let told = explain(
            try ExplainRequest(url: "http://example.com/"), snapshot: world.snapshot,
            objects: world.objects, node: world.node
        ).description
        #expect(told.contains("eu/a first, as much as its endpoints can bear"))
    }

    @Test("another region stands in, and labels decide before regions")
    func failover() throws {
        let world = Self.world(
            ["ap/a", "us/a", "eu/a"], from: "eu/a", callers: ["eu/a"],
            "zoneAwareLbSetting: {failover: [{from: eu, to: us}]}")
        let balance = try #require(Self.balance(world))
        #expect(balance.priorities.map { $0.groups.flatMap(\.members) } == [[2], [1], [0]])
        let labels = Self.world(
            ["ap/a", "us/a", "eu/b", "eu/a"], from: "eu/a", callers: ["eu/a"],
            "zoneAwareLbSetting: {failoverPriority: [topology.kubernetes.io/zone]}")
        let other = try #require(Self.balance(labels))
        #expect(other.priorities.map { $0.groups.flatMap(\.members) } == [[3], [0, 1], [2]])
    }

    @Test("who knows no callers divides by region alone, and says why")
    func strangers() throws {
        let world = Self.world(["us/a", "eu/a", "eu/b"], from: "eu/a")
        let balance = try #require(Self.balance(world))
        #expect(balance.priorities.map { $0.groups.map(\.members) } == [[[1, 2]], [[0]]])
        #expect(world.says("nobody is known to call a.example.com from eu/a", "own service"))
        #expect(Self.balance(Self.world(["us/a", "eu/a"], from: "", callers: ["eu/a"])) == nil)
    }

    @Test("switched off it does nothing, and hashing knows regions alone")
    func off() throws {
        let places = ["us/a", "eu/a", "eu/b"]
        let off = Self.world(
            places, from: "eu/a", callers: ["eu/a"], "zoneAwareLbSetting: {enabled: false}")
        #expect(Self.balance(off) == nil && off.warnings.isEmpty)
        let hash = Self.world(
            places, from: "eu/a", callers: ["eu/a"],
            "consistentHash: {useSourceIp: true}, zoneAwareLbSetting: {enabled: true}")
        let balance = try #require(Self.balance(hash))
        #expect(balance.priorities.count == 2 && balance.priorities[0].zones == nil)
    }

    @Test(
        "all stays in the own place while it can bear it; what it cannot goes where there is room",
        arguments: [
            // As many endpoints as callers, and more.
            ([3000, 7000], [3, 7], [10_000, 0]), ([3000, 7000], [5, 5], [10_000, 0]),
            // Half of the callers, a quarter of the endpoints.
            ([5000, 5000], [2, 6], [5000, 5000]),
            // The third place has nothing to spare.
            ([5000, 2500, 2500], [2, 4, 2], [5000, 5000, 0]),
            ([6000, 4000, 0], [1, 2, 2], [3333, 0, 6667]),
            // Nobody at home, too few, one place.
            ([5000, 5000], [0, 6], nil), ([5000, 5000], [1, 2], nil), ([10_000], [6], nil),
        ] as [([UInt32], [Int], [UInt32]?)])
    func shares(callers: [UInt32], available: [Int], weights: [UInt32]?) {
        let zones = ZoneShares(own: 0, callers: callers, minimumSize: 4)
        #expect(zones.weights(available: available) == weights)
    }
}
