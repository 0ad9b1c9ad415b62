// What is taken over from the snapshot before, and what versions and differences say.
import Spec
import Testing

@testable import Mesh

@Suite struct SnapshotTests {
    private static let gateway = Piece.gateway()
    private static let rules = Piece.virtualService(http: Piece.to("a"))

    /// The objects of the world before, with those given in place of (or beside) its own.
    private static func next(_ world: World, replacing others: [any Resource]) -> World {
        let keys = Set(others.map(\.key))
        let all: [any Resource] =
            world.objects.gateways + world.objects.virtualServices + world.objects.destinationRules
            + world.objects.serviceEntries + world.objects.workloadEntries + world.objects.services
        let kept = all.filter { !keys.contains($0.key) }
        return World(ObjectSet(kept + others), previous: world.snapshot)
    }

    private static func parsed(_ text: String) -> [any Resource] {
        let world = World(text)
        let objects = world.objects
        return objects.gateways + objects.virtualServices + objects.destinationRules
            + objects.serviceEntries + objects.workloadEntries + objects.services
    }

    private static func start() -> World { World(gateway, Piece.served("a"), rules) }

    @Test("nothing changed: routes and clusters are the very same objects")
    func same() {
        let world = Self.start()
        let next = Self.next(world, replacing: [])
        #expect(next.snapshot.routing === world.snapshot.routing)
        #expect(next.snapshot.clusters[0] === world.snapshot.clusters[0])
    }

    @Test("an endpoint that comes keeps routes and the other endpoints")
    func endpointAdded() {
        let world = Self.start()
        let next = Self.next(
            world, replacing: Self.parsed(Piece.workload("a-2", app: "a", address: "10.0.0.2")))
        #expect(next.snapshot.routing === world.snapshot.routing)
        #expect(next.endpoints(Piece.a) == "10.0.0.2:80 10.0.0.1:80")
        let (old, new) = (world.snapshot.clusters[0], next.snapshot.clusters[0])
        #expect(old !== new)
        #expect(old.endpoints[0] === new.endpoints[1])
    }

    @Test("a balancer that changes keeps routes")
    func policyChanged() {
        func rule(_ simple: String) -> String {
            """
            kind: DestinationRule
            metadata: {name: a}
            spec: {host: a, trafficPolicy: {loadBalancer: {simple: \(simple)}}}
            """
        }
        let world = World(Self.gateway, Piece.served("a"), Self.rules, rule("RANDOM"))
        let next = Self.next(world, replacing: Self.parsed(rule("ROUND_ROBIN")))
        #expect(next.snapshot.routing === world.snapshot.routing)
        #expect("\(next.snapshot.clusters[0].loadBalancing)" == "roundRobin")
    }

    @Test("a service that changes its selector keeps routes, one that changes its ports does not")
    func serviceChanged() {
        let world = Self.start()
        let selector = Piece.service("a").components("app: a").joined(separator: "app: b")
        let other = Self.next(world, replacing: Self.parsed(selector))
        #expect(other.snapshot.routing === world.snapshot.routing)
        #expect(other.endpoints(Piece.a) == "")
        let ports = Piece.service("a", ports: "{name: http, port: 81}")
        let moved = Self.next(world, replacing: Self.parsed(ports))
        #expect(moved.snapshot.routing !== world.snapshot.routing)
        #expect(moved.clusters() == ["outbound|81||a.default.svc.cluster.local"])
    }

    @Test("a VirtualService, a Gateway, a subset or a new service makes new routes")
    func routingChanged() {
        let world = Self.start()
        let changes = [
            Piece.virtualService(http: Piece.to("b")), Piece.gateway(hosts: "x.com"),
            """
            kind: DestinationRule
            metadata: {name: a}
            spec: {host: a, subsets: [{name: v1, labels: {version: v1}}]}
            """, Piece.service("b"),
        ]
        for change in changes {
            let next = Self.next(world, replacing: Self.parsed(change))
            #expect(next.snapshot.routing !== world.snapshot.routing)
        }
    }

    @Test("another node makes new routes")
    func nodeChanged() {
        let world = Self.start()
        let next = World(
            world.objects, node: Node(portMap: [80: 8080]), previous: world.snapshot)
        #expect(next.listener(80)?.port == 8080)
    }

    @Test("what compiling had to say is said again when routes are taken over")
    func diagnosticsKept() {
        let world = World(Self.gateway, Self.rules)
        #expect(world.warnings.count == 1)
        let next = World(world.objects, previous: world.snapshot)
        #expect(next.snapshot.routing === world.snapshot.routing)
        #expect(next.diagnostics == world.diagnostics)
        #expect(next.snapshot.diagnostics == world.diagnostics)
    }

    @Test("the same objects give the same text, in any order they come in")
    func deterministic() {
        let objects = Self.parsed(
            [Self.gateway, Piece.served("a"), Piece.served("b"), Self.rules]
                .joined(separator: "\n---\n"))
        let texts = [objects, objects.reversed()].map {
            SnapshotText.render(World(ObjectSet($0)).snapshot)
        }
        #expect(texts[0] == texts[1])
        #expect(texts[0].contains("endpoint 10.0.0.1:80"))
    }

    @Test("a difference names what was added, removed and changed")
    func difference() {
        let old = World(
            Self.gateway, Piece.served("a"),
            Piece.virtualService("one", hosts: "one.com", http: Piece.to("a")),
            Piece.virtualService("two", hosts: "two.com", http: Piece.to("a")))
        let new = World(
            Self.gateway, Piece.gateway("gw2", port: 81), Piece.served("a"), Piece.served("b"),
            Piece.virtualService("one", hosts: "one.com", http: Piece.to("b")),
            Piece.virtualService("three", hosts: "three.com", http: Piece.to("a")))
        let difference = SnapshotDifference(from: old.snapshot, to: new.snapshot)
        #expect(difference.listeners.added == ["0.0.0.0_81"])
        #expect(difference.virtualHosts.added == ["http.80 three.com"])
        #expect(difference.virtualHosts.removed == ["http.80 two.com"])
        #expect(difference.virtualHosts.changed == ["http.80 one.com"])
        #expect(difference.clusters.added == [Piece.b])
        #expect(
            difference.description.hasPrefix("listeners +1 (0.0.0.0_81), virtual hosts +1 -1 ~1"))
        #expect(SnapshotDifference(from: old.snapshot, to: old.snapshot).isEmpty)
    }

    @Test(
        "a host counts as changed by what it serves and not by where it is written",
        arguments: [
            ("route: [{destination: {host: a}}]", false),
            ("route: [{destination: {host: b}}]", true),
            ("name: x\n  route: [{destination: {host: a}}]", true),
            ("match: [{uri: {prefix: /x}}]\n  route: [{destination: {host: a}}]", true),
            ("match: [{headers: {x: {exact: '1'}}}]\n  route: [{destination: {host: a}}]", true),
            ("rewrite: {uri: /x}\n  route: [{destination: {host: a}}]", true),
            ("headers: {request: {set: {x: '1'}}}\n  route: [{destination: {host: a}}]", true),
            ("route: [{destination: {host: a}, headers: {response: {add: {x: '1'}}}}]", true),
            ("route: [{destination: {host: nope}}]", true), ("redirect: {uri: /x}", true),
            ("directResponse: {status: 200}", true),
        ])
    func changed(_ rule: String, _ isChanged: Bool) {
        let services = Piece.served("a") + "\n---\n" + Piece.served("b")
        let old = World(
            Self.gateway, services,
            Piece.virtualService(hosts: "x.com", http: "- route: [{destination: {host: a}}]"))
        let new = World(
            "# moves every line\n" + Self.gateway, services, Piece.service("c"),
            Piece.virtualService(hosts: "x.com", http: "- \(rule)"))
        let difference = SnapshotDifference(from: old.snapshot, to: new.snapshot)
        #expect(difference.virtualHosts.changed.isEmpty != isChanged)
        #expect(difference.listeners.isEmpty)
    }

    @Test("the JSON of a snapshot is JSON, whatever is in the names")
    func json() throws {
        let world = World(
            Self.gateway, Piece.served("a"),
            Piece.virtualService(
                http: """
                    - match: [{headers: {x: {exact: "quote \\" and \\\\ and \\u0001"}}}]
                      redirect: {uri: "/ü"}
                    - directResponse: {status: 200, body: {string: "x"}}
                    """))
        let value = try parseJSON(world.snapshot.json())
        let listeners = try #require(value["listeners"] as? [[String: Any]])
        let hosts = try #require(listeners[0]["virtualHosts"] as? [[String: Any]])
        let routes = try #require(hosts[0]["routes"] as? [[String: Any]])
        #expect(routes.count == 2)
        #expect(routes[0]["redirect"] as? String == "301 path \"/ü\"")
        let conditions = routes[0]["conditions"] as? [String]
        #expect(conditions == ["header x exactly \"quote \" and \\ and \u{1}\""])
        #expect(value["version"] as? Int == 1)
    }

    @Test("no snapshot comes of a configuration with errors")
    func errors() {
        let world = World(
            Self.gateway, Piece.served("a"),
            Piece.virtualService(
                http: "- match: [{uri: {regex: '['}}]\n  route: [{destination: {host: a}}]"),
            previous: Self.start().snapshot)
        #expect(world.result.snapshot == nil)
        #expect(world.result.errors.count == 1)
    }
}
