// VirtualServices that hand rules over to others.
import Mesh
import Spec
import Testing

@Suite struct DelegateTests {
    private static let services = Piece.served("a") + "\n---\n" + Piece.served("b")

    private static func delegate(
        name: String = "d", namespace: String = "default", extra: String = "", _ http: String
    ) -> String {
        """
        kind: VirtualService
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
        \(extra.indented(2))
          http:
        \(http.indented(2))
        """
    }

    private static func world(_ root: String, _ delegates: String...) -> World {
        World(
            ([Piece.gateway(), services, Piece.virtualService(http: root)] + delegates)
                .joined(separator: "\n---\n"))
    }

    @Test("a delegate's rules stand in for the rule that names it, in its place")
    func place() {
        let world = Self.world(
            """
            - match: [{uri: {prefix: /d}}]
              delegate: {name: d}
            - route: [{destination: {host: a}}]
            """, Self.delegate(Piece.to("b")))
        #expect(world.clusters("/d/x") == [Piece.b])
        #expect(world.clusters("/x") == [Piece.a])
        #expect(world.route("/d")?.origin.object.name == "d")
    }

    @Test("the namespace of the delegate is the root's where none is written")
    func namespace() {
        let http = "- route: [{destination: {host: b.default.svc.cluster.local}}]"
        let world = Self.world(
            "- delegate: {name: d, namespace: other}", Self.delegate(namespace: "other", http))
        #expect(world.clusters() == [Piece.b])
        let missing = Self.world("- delegate: {name: d}", Self.delegate(namespace: "other", http))
        #expect(missing.route() == nil)
        #expect(missing.says("no delegate default/d", "spec.http[0].delegate"))
    }

    @Test("short hosts in a delegate mean the delegate's namespace")
    func shortHosts() {
        let world = Self.world(
            "- delegate: {name: d, namespace: other}",
            Self.delegate(namespace: "other", Piece.to("a")), Piece.served("a", namespace: "other"))
        #expect(world.clusters() == ["outbound|80||a.other.svc.cluster.local"])
    }

    @Test(
        "a delegate that is not exported to the root's namespace is left out",
        arguments: [
            ("'.'", false), ("default", true), ("'*'", true), ("x", false),
        ])
    func exportTo(_ exportTo: String, _ acts: Bool) {
        let world = Self.world(
            "- delegate: {name: d, namespace: other}",
            Self.delegate(
                namespace: "other", extra: "exportTo: [\(exportTo)]",
                "- route: [{destination: {host: b.default.svc.cluster.local}}]"))
        #expect((world.route() != nil) == acts)
        #expect(world.says("not exported to namespace default") != acts)
    }

    @Test(
        "a delegate's match has to lie within the root's, else its rule is left out",
        arguments: [
            ("uri: {prefix: /a}", "uri: {prefix: /a/b}", true),
            ("uri: {prefix: /a}", "uri: {exact: /a/b}", true),
            ("uri: {prefix: /a/b}", "uri: {prefix: /a}", false),
            ("uri: {exact: /a}", "uri: {exact: /a}", true),
            ("uri: {exact: /a}", "uri: {prefix: /a}", false),
            ("uri: {exact: /a}", "uri: {exact: /b}", false),
            ("uri: {regex: '/a.*'}", "uri: {regex: '/a.*'}", false),
            ("uri: {prefix: /a}", "uri: {regex: '/a.*'}", false),
            ("uri: {regex: '/a.*'}", "headers: {x: {exact: '1'}}", true),
            ("headers: {x: {exact: '1'}}", "headers: {x: {exact: '1'}}", true),
            ("headers: {x: {exact: '1'}}", "headers: {x: {exact: '2'}}", false),
            ("headers: {x: {exact: '1'}}", "headers: {z: {exact: '2'}}", true),
            ("method: {exact: GET}", "method: {exact: POST}", false),
            ("queryParams: {q: {exact: '1'}}", "queryParams: {q: {exact: '2'}}", false),
            ("uri: {prefix: /a}, ignoreUriCase: true", "uri: {prefix: /a/b}", false),
            ("port: 80", "port: 80", true), ("port: 80", "port: 81", false),
            ("uri: {prefix: /a}", "port: 80", true),
        ])
    func refinement(_ root: String, _ own: String, _ acts: Bool) {
        let world = Self.world(
            "- match: [{\(root)}]\n  delegate: {name: d}",
            Self.delegate("- match: [{\(own)}]\n  route: [{destination: {host: b}}]"))
        #expect((world.host("x.com") != nil) == acts)
        #expect(world.says("no match block lies within") != acts)
    }

    @Test("both matches have to hold")
    func merged() {
        let world = Self.world(
            "- match: [{uri: {prefix: /a}, headers: {x: {exact: '1'}}}]\n  delegate: {name: d}",
            Self.delegate(
                """
                - match: [{uri: {prefix: /a/b}, headers: {z: {exact: '2'}}}]
                  route: [{destination: {host: b}}]
                """))
        #expect(world.clusters("/a/b", headers: ["x": "1", "z": "2"]) == [Piece.b])
        #expect(world.route("/a", headers: ["x": "1", "z": "2"]) == nil)
        #expect(world.route("/a/b", headers: ["z": "2"]) == nil)
        #expect(world.route("/a/b", headers: ["x": "1"]) == nil)
    }

    @Test("a delegate's block meets every block of the root that it lies within")
    func product() {
        let world = Self.world(
            "- match: [{uri: {prefix: /a}}, {uri: {prefix: /b}}]\n  delegate: {name: d}",
            Self.delegate(
                "- match: [{headers: {x: {exact: '1'}}}]\n  route: [{destination: {host: b}}]"))
        #expect(world.clusters("/a", headers: ["x": "1"]) == [Piece.b])
        #expect(world.clusters("/b", headers: ["x": "1"]) == [Piece.b])
        #expect(world.host("x.com")?.routes.count == 2)
    }

    @Test("a delegate without match has the root's, written where the root is")
    func inheritedMatch() {
        let world = Self.world(
            "- match: [{uri: {prefix: /a}}]\n  delegate: {name: d}", Self.delegate(Piece.to("b")))
        let route = world.route("/a")
        #expect(world.route("/x") == nil)
        #expect(route?.origin.object.name == "d")
        let lines = world.objects.virtualServices.map(\.source.line)
        #expect(lines.count == 2)
        #expect(route.map { (lines[0]..<lines[1]).contains($0.origin.location.line) } == true)
    }

    @Test("what the delegate leaves unset is the root's; what it sets stays")
    func inheritance() {
        let root = """
            - delegate: {name: d}
              rewrite: {uri: /root}
              headers: {request: {set: {x: root}}}
            """
        let world = Self.world(
            root,
            Self.delegate(
                """
                - match: [{uri: {prefix: /own}}]
                  rewrite: {uri: /own2}
                  route: [{destination: {host: b}}]
                - route: [{destination: {host: b}}]
                """))
        func rewrite(_ target: String) -> String {
            guard case .forward(let forward) = world.route(target)?.action,
                case .prefix(_, let new)? = forward.rewrite?.path
            else { return "none" }
            return String(decoding: new, as: UTF8.self)
        }
        #expect(rewrite("/own") == "/own2")
        #expect(rewrite("/x") == "/root")
        #expect(world.route("/x")?.headers?.request.set.count == 1)
    }

    @Test(
        "names of root and delegate are joined with a dash",
        arguments: [
            ("root", "own", "root-own"), ("root", "", "root"), ("", "own", "own"),
            ("", "", "default"),
        ])
    func names(_ root: String, _ own: String, _ expected: String) {
        func field(_ name: String) -> String { name.isEmpty ? "" : "\n  name: \(name)" }
        let world = Self.world(
            "- delegate: {name: d}\(field(root))",
            Self.delegate("- route: [{destination: {host: b}}]\(field(own))"))
        #expect(world.route()?.name == expected)
    }

    @Test("a delegate by itself serves nothing")
    func alone() {
        let world = World(Piece.gateway(), Self.services, Self.delegate(Piece.to("b")))
        #expect(world.host("x.com") == nil)
    }
}
