// The order of rules, within one VirtualService and across several on one host.
import Mesh
import Spec
import Testing

@Suite struct RoutingTests {
    private static let services = Piece.served("a") + "\n---\n" + Piece.served("b")

    private static func world(_ http: String, extra: String = "") -> World {
        World(Piece.gateway(), services, Piece.virtualService(http: http, extra: extra))
    }

    @Test("the first rule that matches wins, however long a later prefix is")
    func firstMatch() {
        let world = Self.world(
            """
            - match: [{uri: {prefix: /x}}]
              route: [{destination: {host: a}}]
            - match: [{uri: {prefix: /x/longer}}]
              route: [{destination: {host: b}}]
            """)
        #expect(world.clusters("/x/longer") == [Piece.a])
    }

    @Test(
        "a rule that takes everything ends the VirtualService, and what follows is told",
        arguments: [
            "", "  match: [{uri: {prefix: /}}]\n", "  match: [{uri: {regex: '.*'}}]\n",
            "  match: [{port: 80}]\n", "  match: [{gateways: [gw]}]\n",
            "  match: [{name: first}]\n",
        ])
    func catchAllEnds(_ match: String) {
        let world = Self.world(
            """
            - name: all
            \(match)  route: [{destination: {host: a}}]
            - match: [{uri: {prefix: /b}}]
              route: [{destination: {host: b}}]
            """)
        #expect(world.clusters("/b") == [Piece.a])
        #expect(world.host("a.com")?.routes.count == 1)
        #expect(world.says("spec.http[1]", "never reached", "http[0]"))
    }

    @Test("a condition beside the prefix / makes it no catch-all")
    func notCatchAll() {
        let world = Self.world(
            """
            - match: [{uri: {prefix: /}, headers: {x: {exact: '1'}}}]
              route: [{destination: {host: a}}]
            - route: [{destination: {host: b}}]
            """)
        #expect(world.clusters("/", headers: ["x": "1"]) == [Piece.a])
        #expect(world.clusters("/") == [Piece.b])
        #expect(world.warnings.isEmpty)
    }

    @Test("blocks after one that takes everything are told, too")
    func lostBlock() {
        let world = Self.world(
            """
            - match: [{uri: {prefix: /}}, {uri: {exact: /x}}]
              route: [{destination: {host: a}}]
            """)
        #expect(world.says("spec.http[0].match[1]", "never reached"))
    }

    @Test("what is for another gateway or port is not called lost")
    func notLost() {
        let world = Self.world(
            """
            - match: [{port: 80}, {port: 443}]
              route: [{destination: {host: a}}]
            - match: [{gateways: [mesh]}]
              route: [{destination: {host: b}}]
            """)
        #expect(world.clusters("/") == [Piece.a])
        #expect(world.warnings.isEmpty)
    }

    @Test("match.port is decided by the Gateway's port, not the bound one")
    func matchPort() {
        let http = """
            - match: [{port: 80}]
              route: [{destination: {host: a}}]
            - match: [{port: 81}]
              route: [{destination: {host: b}}]
            """
        let world = World(
            Piece.gateway(), Piece.gateway("gw2", port: 81), Self.services,
            Piece.virtualService(gateways: "gw, gw2", http: http),
            node: Node(portMap: [80: 8080, 81: 8081]))
        #expect(world.clusters("/", port: 80) == [Piece.a])
        #expect(world.clusters("/", port: 81) == [Piece.b])
    }

    @Test(
        "match.gateways is decided by the Gateway, in any way of naming it",
        arguments: [
            "gw2", "./gw2", "default/gw2",
        ])
    func matchGateways(_ name: String) {
        let world = World(
            Piece.gateway(), Piece.gateway("gw2", port: 81), Self.services,
            Piece.virtualService(
                gateways: "gw, gw2",
                http: """
                    - match: [{gateways: [\(name)]}]
                      route: [{destination: {host: b}}]
                    - route: [{destination: {host: a}}]
                    """))
        #expect(world.clusters("/", port: 80) == [Piece.a])
        #expect(world.clusters("/", port: 81) == [Piece.b])
    }

    @Test("a block for sidecars alone does not act on a gateway")
    func matchMesh() {
        let world = Self.world(
            """
            - match: [{gateways: [mesh]}]
              route: [{destination: {host: a}}]
            - route: [{destination: {host: b}}]
            """)
        #expect(world.clusters("/") == [Piece.b])
    }

    @Test(
        "sourceLabels and sourceNamespace look at the gateway itself",
        arguments: [
            ("sourceLabels: {istio: ingressgateway}", true), ("sourceLabels: {app: x}", false),
            ("sourceNamespace: istio-system", true), ("sourceNamespace: default", false),
        ])
    func source(_ condition: String, _ acts: Bool) {
        let world = Self.world(
            """
            - match: [{\(condition)}]
              route: [{destination: {host: a}}]
            - route: [{destination: {host: b}}]
            """)
        #expect(world.clusters("/") == [acts ? Piece.a : Piece.b])
    }

    @Test("gateways in a block switches its sourceLabels and sourceNamespace off")
    func sourceQuirk() {
        let world = Self.world(
            """
            - match: [{gateways: [gw], sourceLabels: {app: x}, sourceNamespace: nowhere}]
              route: [{destination: {host: a}}]
            - route: [{destination: {host: b}}]
            """)
        #expect(world.clusters("/") == [Piece.a])
    }

    @Test("a VirtualService of which nothing applies has no virtual host")
    func nothingApplies() {
        let world = Self.world(
            """
            - match: [{port: 81}]
              route: [{destination: {host: a}}]
            """)
        #expect(world.host("a.com") == nil)
    }

    @Test("VirtualServices of one host add up in order, catch-alls last")
    func merge() {
        let world = World(
            Piece.gateway(), Self.services,
            Piece.virtualService(
                "one", hosts: "a.com",
                http: """
                    - match: [{uri: {prefix: /one}}]
                      route: [{destination: {host: a}}]
                    - route: [{destination: {host: a}}]
                    """),
            Piece.virtualService(
                "two", hosts: "a.com",
                http: """
                    - match: [{uri: {prefix: /two}}]
                      route: [{destination: {host: b}}]
                    - route: [{destination: {host: b}}]
                    """))
        let routes = world.host("a.com")?.routes ?? []
        #expect(routes.map(\.origin.object.name) == ["one", "two", "one", "two"])
        #expect(world.clusters("/two", host: "a.com") == [Piece.b])
        #expect(world.clusters("/three", host: "a.com") == [Piece.a])
    }

    @Test("only whole catch-alls move: a prefix stays where it is")
    func mergeKeepsOrder() {
        let world = World(
            Piece.gateway(), Self.services,
            Piece.virtualService(
                "one", hosts: "a.com",
                http: "- match: [{uri: {prefix: /x}}]\n  route: [{destination: {host: a}}]"),
            Piece.virtualService(
                "two", hosts: "a.com",
                http: "- match: [{uri: {prefix: /x/y}}]\n  route: [{destination: {host: b}}]"))
        #expect(world.clusters("/x/y", host: "a.com") == [Piece.a])
    }

    @Test("the older VirtualService comes first whatever the order of the files")
    func age() {
        func service(_ name: String, _ to: String, _ time: String) -> String {
            """
            kind: VirtualService
            metadata: {name: \(name), creationTimestamp: "\(time)"}
            spec:
              hosts: ["*"]
              gateways: [gw]
              http: [{route: [{destination: {host: \(to)}}]}]
            """
        }
        let world = World(
            Piece.gateway(), Self.services, service("new", "a", "2024-01-02T00:00:00Z"),
            service("old", "b", "2024-01-01T00:00:00Z"))
        #expect(world.clusters("/") == [Piece.b])
    }

    @Test("rules private to the gateway's namespace come before exported, and those before public")
    func visibilityOrder() {
        let node = Node(namespace: "default")
        func service(_ name: String, _ exportTo: String) -> String {
            Piece.virtualService(
                name, hosts: "a.com",
                http: "- match: [{uri: {prefix: /x}}]\n  route: [{destination: {host: a}}]",
                extra: exportTo.isEmpty ? "" : "exportTo: [\(exportTo)]")
        }
        let world = World(
            Piece.gateway(), Self.services, service("public", ""),
            service("named", "default, other"), service("private", "'.'"), node: node)
        let routes = world.host("a.com")?.routes ?? []
        #expect(routes.map(\.origin.object.name) == ["private", "named", "public"])
    }

    @Test("one VirtualService on several hosts is one virtual host with several domains")
    func collapse() {
        let world = World(
            Piece.gateway(), Self.services,
            Piece.virtualService(hosts: "b.com, a.com", http: Piece.to("a")))
        #expect(world.table()?.virtualHosts.map(\.domains) == [["a.com", "b.com"]])
        #expect(world.host("b.com")?.name == "a.com:80")
    }

    @Test("a VirtualService bound twice by one Gateway is asked once")
    func bothServers() {
        let world = World(
            """
            kind: Gateway
            metadata: {name: gw}
            spec:
              selector: {istio: ingressgateway}
              servers:
              - {port: {number: 80, name: a, protocol: HTTP}, hosts: ["*.a.com"]}
              - {port: {number: 80, name: b, protocol: HTTP}, hosts: ["*"]}
            """, Self.services, Piece.virtualService(hosts: "x.a.com", http: Piece.to("a")))
        #expect(world.host("x.a.com")?.routes.count == 1)
    }

    @Test(
        "names of rule and match are joined with a dot",
        arguments: [
            ("name: r\n  match: [{name: m}]", "r.m"),
            ("name: r\n  match: [{uri: {prefix: /}}]", "r"),
            ("name: r", "r"), ("match: [{name: m}]", ".m"),
            ("match: [{uri: {prefix: /}}]", "default"),
        ])
    func routeNames(_ head: String, _ name: String) {
        let world = Self.world("- \(head)\n  route: [{destination: {host: a}}]")
        #expect(world.route()?.name == name)
    }

    @Test("a route knows the line it was written in")
    func origin() {
        let world = Self.world(
            """
            - match:
              - uri: {prefix: /x}
              - uri: {prefix: /y}
              route: [{destination: {host: a}}]
            """)
        let (x, y) = (world.route("/x"), world.route("/y"))
        #expect(x?.place.description == "http[0].match[0]")
        #expect(y?.place.description == "http[0].match[1]")
        #expect(x?.origin.object.description == "VirtualService default/vs")
        #expect(x.map { $0.origin.location.line + 1 } == y?.origin.location.line)
    }
}
