// TCP servers: who owns the listener and where its bytes go.
import Mesh
import Spec
import Testing

@Suite struct TCPTests {
    private static func service(
        named name: String = "vs", hosts: String = "\"*\"", gateways: String = "gw", _ tcp: String
    ) -> String {
        """
        kind: VirtualService
        metadata: {name: \(name)}
        spec:
          hosts: [\(hosts)]
          gateways: [\(gateways)]
          tcp:
        \(tcp.indented(2))
        """
    }

    private static func world(hosts: String = "\"*\"", _ services: String...) -> World {
        World(
            ([
                Piece.gateway(hosts: hosts, port: 31_400, protocolName: "TCP"), Piece.served("a"),
                Piece.served("b"),
            ] + services).joined(separator: "\n---\n"))
    }

    @Test("the first rule of the first VirtualService that applies owns the listener")
    func first() {
        let world = Self.world(
            Self.service(named: "one", "- match: [{port: 1}]\n  route: [{destination: {host: b}}]"),
            Self.service(named: "two", Piece.to("a")), Self.service(named: "three", Piece.to("b")))
        #expect(world.tcp(31_400)?.destinations.map(\.clusterName) == [Piece.a])
        #expect(world.tcp(31_400)?.origin.object.name == "two")
    }

    @Test(
        "port and gateways decide; sourceLabels and destinationSubnets do not",
        arguments: [
            ("port: 31400", true), ("port: 80", false), ("gateways: [gw]", true),
            ("gateways: [other]", false), ("sourceLabels: {app: x}", true),
            ("destinationSubnets: [10.0.0.0/8]", true), ("port: 31400, gateways: [other]", false),
        ])
    func conditions(_ match: String, _ applies: Bool) {
        let world = Self.world(
            Self.service("- match: [{\(match)}]\n  route: [{destination: {host: a}}]"))
        #expect((world.tcp(31_400) != nil) == applies)
        #expect(world.says("no tcp rule applies") != applies)
    }

    @Test("weights are shares; a single destination needs none")
    func weights() {
        let world = Self.world(
            Self.service(
                """
                - route:
                  - {destination: {host: a}, weight: 80}
                  - {destination: {host: b}, weight: 20}
                """))
        #expect(world.tcp(31_400)?.destinations.map(\.weight) == [80, 20])
        #expect(Self.world(Self.service(Piece.to("a"))).tcp(31_400)?.totalWeight == 1)
    }

    @Test(
        "hosts have to overlap in either direction",
        arguments: [
            ("\"*.com\"", "a.com", true), ("a.com", "\"*.com\"", true), ("a.com", "b.com", false),
        ])
    func hosts(_ server: String, _ service: String, _ applies: Bool) {
        let world = Self.world(hosts: server, Self.service(hosts: service, Piece.to("a")))
        #expect((world.tcp(31_400) != nil) == applies)
    }

    @Test("http rules do nothing on a TCP server, tcp rules nothing on an HTTP server")
    func kinds() {
        #expect(Self.world(Piece.virtualService(http: Piece.to("a"))).tcp(31_400) == nil)
        let http = World(Piece.gateway(), Piece.served("a"), Self.service(Piece.to("a")))
        #expect(http.host("x.com") == nil)
    }

    @Test("an unknown destination keeps the listener and has no cluster")
    func unknown() {
        let world = Self.world(Self.service(Piece.to("nope")))
        #expect(world.tcp(31_400)?.destinations.map(\.cluster) == [nil])
    }
}
