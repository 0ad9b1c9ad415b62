// Which VirtualService holds for a host in the mesh, and the tutorials' routing scenarios seen from
// the sidecar of productpage.
import Mesh
import Spec
import Testing

@Suite struct MeshRuleTests {
    private func world(_ documents: String..., node: Node = MeshWorld.sidecar()) -> World {
        World(
            Piece.caller, Piece.served("a"), Piece.served("b"), Piece.egress(80),
            documents.joined(separator: "\n---\n"), node: node)
    }

    private func rule(
        _ name: String, hosts: String = "a", gateways: String = "mesh", to target: String = "b",
        match: String = ""
    ) -> String {
        Piece.virtualService(
            name, hosts: hosts, gateways: gateways,
            http: (match.isEmpty ? "- " : "- match: [{\(match)}]\n  ")
                + "route: [{destination: {host: \(target)}}]")
    }

    @Test("rules without gateways are the mesh's; those of a Gateway alone are not")
    func gateways() {
        #expect(world(rule("r", gateways: "")).clusters(host: "a") == [Piece.b])
        #expect(world(rule("r", gateways: "gw, mesh")).clusters(host: "a") == [Piece.b])
        #expect(world(rule("r", gateways: "gw")).clusters(host: "a") == [Piece.a])
    }

    @Test("of two for one host the older holds alone: in the mesh nothing is put together")
    func noMerging() {
        let first = rule("first", match: "uri: {exact: /only}")
        let world = world(first, rule("second"))
        #expect(world.clusters("/only", host: "a") == [Piece.b])
        #expect(world.route("/other", host: "a") == nil, "404, though the second would take it")
        #expect(world.says("VirtualService default/second", "default/first", "holds for a.default"))
    }

    @Test("an exact host comes before a wildcard, however old that is")
    func mostSpecific() {
        let world = world(
            rule("wild", hosts: "'*.default.svc.cluster.local'", to: "a"), rule("exact"))
        #expect(world.clusters(host: "a") == [Piece.b])
        #expect(world.clusters(host: "b") == [Piece.a])
    }

    @Test(
        "a match asks for the port, the caller's labels and its namespace",
        arguments: [
            ("port: 80", true), ("port: 81", false), ("sourceLabels: {app: caller}", true),
            ("sourceLabels: {app: other}", false), ("sourceNamespace: default", true),
            ("sourceNamespace: other", false), ("gateways: [mesh]", true),
            ("gateways: [gw]", false), ("gateways: [mesh], sourceLabels: {app: other}", true),
        ])
    func conditions(_ match: String, _ holds: Bool) {
        let world = world(rule("r", match: match))
        #expect(world.clusters(host: "a") == (holds ? [Piece.b] : [Piece.a]))
    }

    @Test("rules for bytes do not stand in the way of rules for HTTP")
    func tcpFirst() {
        let tcp = """
            kind: VirtualService
            metadata: {name: first}
            spec:
              hosts: [a]
              tcp: [{route: [{destination: {host: b}}]}]
            """
        #expect(world(tcp, rule("second")).clusters(host: "a") == [Piece.b])
    }

    @Test("a rule changes nothing on listeners, and endpoints nothing on routes")
    func reload() {
        let before = world()
        let same = compile(
            before.objects, node: MeshWorld.sidecar(), version: 2, previous: before.snapshot)
        #expect(same.snapshot?.routing === before.snapshot.routing)
        let moved = World(
            Piece.caller, Piece.served("a").replacing("10.0.0.1", with: "10.0.0.2"),
            Piece.served("b"), Piece.egress(80))
        let after = compile(
            moved.objects, node: MeshWorld.sidecar(), version: 2, previous: before.snapshot)
        let difference = SnapshotDifference(
            from: before.snapshot, to: after.snapshot ?? .empty)
        #expect(difference.clusters.changed == [Piece.a])
        #expect(difference.virtualHosts.isEmpty && difference.listeners.isEmpty)
    }
}
