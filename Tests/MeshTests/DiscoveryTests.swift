// ServiceEntries whose endpoints are host names: what becomes a name, with which port, and that
// names are left for the process to resolve.
import Mesh
import Spec
import Testing

@Suite("endpoints that are names") struct DiscoveryTests {
    private static let cluster = "outbound|80||x.com"

    private static func world(
        _ body: String, hosts: String = "x.com", resolution: String = "DNS", more: String...,
        previous: Snapshot? = nil
    ) -> World {
        let entry = """
            kind: ServiceEntry
            metadata: {name: x}
            spec:
              hosts: [\(hosts)]
              ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
              resolution: \(resolution)
            \(body.indented(2))
            """
        let base = [
            Piece.gateway(), Piece.virtualService(http: Piece.to("x.com")), entry,
        ]
        return World((base + more).joined(separator: "\n---\n"), previous: previous)
    }

    private static func service(_ world: World) -> Cluster? { world.cluster(cluster) }

    @Test("without endpoints the host itself is looked up")
    func itself() throws {
        let world = Self.world("location: MESH_EXTERNAL")
        let cluster = try #require(Self.service(world))
        #expect(cluster.endpoints.map(\.addressText) == ["x.com:8080"])
        #expect(cluster.endpoints.map(\.isName) == [true])
        #expect(cluster.discovery == .allAddresses)
        #expect(world.snapshot.names == ["x.com"])
        #expect(world.warnings.isEmpty)
    }

    @Test("each host of an entry stands for itself")
    func hosts() {
        let world = World(
            Piece.gateway(),
            Piece.virtualService(http: Piece.to("y.com")),
            """
            kind: ServiceEntry
            metadata: {name: x}
            spec:
              hosts: [x.com, Y.com]
              ports: [{number: 80, name: http, protocol: HTTP}]
              resolution: DNS
            """)
        #expect(world.endpoints("outbound|80||y.com") == "y.com:80")
        #expect(world.snapshot.names == ["y.com"])
    }

    @Test("endpoints are names in any case or addresses, each with its port")
    func listed() throws {
        let world = Self.world(
            """
            endpoints:
            - {address: One.Test, ports: {http: 9}}
            - {address: two.test, weight: 3}
            - {address: 10.0.0.1}
            """)
        #expect(world.endpoints(Self.cluster) == "one.test:9 two.test:8080 10.0.0.1:8080")
        let cluster = try #require(Self.service(world))
        #expect(cluster.endpoints.map(\.isName) == [true, true, false])
        #expect(cluster.endpoints.map(\.weight) == [1, 3, 1])
        #expect(world.snapshot.names == ["one.test", "two.test"])
    }

    @Test("addresses alone need nobody to resolve them")
    func addresses() {
        let world = Self.world("endpoints: [{address: 10.0.0.1}]")
        #expect(Self.service(world)?.discovery == .fixed)
        #expect(world.snapshot.names.isEmpty)
    }

    @Test("DNS_ROUND_ROBIN has one endpoint, a connection goes to one of its addresses")
    func oneAddress() {
        let world = Self.world(
            "endpoints: [{address: one.test}]", resolution: "DNS_ROUND_ROBIN")
        #expect(Self.service(world)?.discovery == .oneAddress)
        #expect(world.endpoints(Self.cluster) == "one.test:8080")
    }

    @Test("a wildcard host with endpoints has these")
    func wildcard() {
        let world = World(
            Piece.gateway(), Piece.virtualService(http: Piece.to("a.x.com")),
            """
            kind: ServiceEntry
            metadata: {name: x}
            spec:
              hosts: ["a.x.com", "*.x.com"]
              ports: [{number: 80, name: http, protocol: HTTP}]
              resolution: DNS
              endpoints: [{address: www.x.com}]
            """)
        #expect(world.endpoints("outbound|80||a.x.com") == "www.x.com:80")
    }

    @Test("workloads may have names where the entry says DNS, and pods have addresses")
    func workloads() {
        let named = Piece.workload("vm", app: "a", address: "vm.test")
        let fixed = Piece.workload("two", app: "a", address: "10.0.0.2")
        let selector = "workloadSelector: {labels: {app: a}}"
        #expect(
            Self.world(selector, more: named, fixed).endpoints(Self.cluster)
                == "vm.test:8080 10.0.0.2:8080")
        #expect(
            Self.world(selector, resolution: "STATIC", more: named, fixed).endpoints(Self.cluster)
                == "10.0.0.2:8080")
    }

    @Test("entries of one host add up, names and addresses")
    func merged() throws {
        let world = Self.world(
            "endpoints: [{address: one.test}]", resolution: "DNS_ROUND_ROBIN",
            more: """
                kind: ServiceEntry
                metadata: {name: second}
                spec:
                  hosts: [x.com]
                  ports: [{number: 80, name: http, protocol: HTTP}]
                  resolution: STATIC
                  endpoints: [{address: 10.0.0.1}]
                """)
        #expect(world.endpoints(Self.cluster) == "one.test:8080 10.0.0.1:80")
        #expect(Self.service(world)?.discovery == .allAddresses)
    }

    @Test("compiled again without a change, a cluster of names stays the same object")
    func kept() throws {
        let first = Self.world("location: MESH_EXTERNAL")
        let second = Self.world("location: MESH_EXTERNAL", previous: first.snapshot)
        let cluster = try #require(Self.service(first))
        #expect(Self.service(second) === cluster)
        let third = Self.world(
            "location: MESH_EXTERNAL", resolution: "DNS_ROUND_ROBIN", previous: first.snapshot)
        #expect(Self.service(third) !== cluster)
    }

    @Test("TLS is originated for the host and not for an address")
    func names() throws {
        let world = Self.world(
            "location: MESH_EXTERNAL",
            more: """
                kind: DestinationRule
                metadata: {name: x}
                spec: {host: x.com, trafficPolicy: {tls: {mode: SIMPLE}}}
                """)
        let endpoint = try #require(Self.service(world)?.endpoints.first)
        #expect(endpoint.isName)
        let tls = try #require(endpoint.tls)
        // auto_sni and auto_san_validation: the request's authority.
        #expect(tls.serverName == nil)
        #expect(tls.subjectAltNames.isEmpty)
    }
}
