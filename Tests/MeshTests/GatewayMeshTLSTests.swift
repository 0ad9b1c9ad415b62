// Gateways as members of the mesh: servers that show the proxy's identity, and servers that pass
// the mesh's connections on by the cluster their SNI names.
import Mesh
import Spec
import Testing

@Suite struct GatewayMeshTLSTests {
    private func gateway(_ tls: String, protocolName: String, hosts: String = "a.com") -> String {
        Piece.gateway(
            hosts: hosts, port: 443, protocolName: protocolName, extra: "tls: {\(tls)}")
    }

    @Test("ISTIO_MUTUAL for HTTPS takes peers of the mesh, and serves http rules")
    func mutualHTTP() throws {
        let world = World(
            gateway("mode: ISTIO_MUTUAL", protocolName: "HTTPS"), Piece.served("a"),
            Piece.virtualService(hosts: "a.com", http: Piece.to("a")), node: MeshWorld.gateway)
        let chain = try #require(world.chains(443)?.first)
        #expect(chain.serverNames == ["a.com"])
        guard case .terminateHTTP(let termination, let table) = chain.handling else {
            Issue.record("\(chain.handling)")
            return
        }
        #expect(termination.credentials == [.workload] && termination.clientCA == .workload)
        #expect(termination.clientCertificates == .required)
        #expect(termination.applicationProtocols == ["h2", "http/1.1"])
        #expect(table.find("a.com") == "a.com:443")
        #expect(world.warnings.isEmpty, "\(world.warnings)")
    }

    @Test("ISTIO_MUTUAL for TLS serves tcp rules")
    func mutualTCP() throws {
        let rule = """
            kind: VirtualService
            metadata: {name: vs}
            spec:
              hosts: [a.com]
              gateways: [gw]
              tcp: [{route: [{destination: {host: a}}]}]
            """
        let world = World(
            gateway("mode: ISTIO_MUTUAL", protocolName: "TLS"), Piece.served("a"), rule,
            node: MeshWorld.gateway)
        guard case .terminateTCP(let termination, let route?) = world.chains(443)?.first?.handling
        else {
            Issue.record("\(String(describing: world.chains(443)))")
            return
        }
        #expect(termination.applicationProtocols.first == "istio")
        #expect(route.destinations.map(\.clusterName) == [Piece.a])
    }

    @Test("ISTIO_MUTUAL without an identity is told, and keeps its place")
    func noIdentity() {
        let world = World(
            gateway("mode: ISTIO_MUTUAL", protocolName: "HTTPS"), Piece.served("a"),
            Piece.virtualService(hosts: "a.com", http: Piece.to("a")))
        #expect(world.chains(443)?.count == 1)
        #expect(world.says("ISTIO_MUTUAL shows the proxy's identity", "handshakes"))
    }

    @Test("AUTO_PASSTHROUGH has a chain for every port and subset, by the mesh's names")
    func automatic() throws {
        let external = """
            kind: ServiceEntry
            metadata: {name: out}
            spec:
              hosts: [out.default.svc.cluster.local]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              endpoints: [{address: 10.0.0.9}]
            """
        let world = World(
            gateway("mode: AUTO_PASSTHROUGH", protocolName: "TLS", hosts: "'*.local'"),
            Piece.meshed("a", ports: "{name: http, port: 80}, {name: tcp, port: 90}"),
            Piece.destinationRule("host: a\nsubsets: [{name: v1}]"), external,
            node: MeshWorld.gateway)
        let chains = try #require(world.chains(443))
        let host = "a.default.svc.cluster.local"
        let names = [
            "outbound_.80_._.\(host)", "outbound_.80_.v1_.\(host)", "outbound_.90_._.\(host)",
            "outbound_.90_.v1_.\(host)",
        ]
        #expect(chains.flatMap(\.serverNames) == names)
        #expect(chains.allSatisfy { $0.applicationProtocols.contains("istio-http/1.1") })
        #expect(world.snapshot.clusters.map(\.name) == names)
        #expect(
            world.snapshot.clusters.allSatisfy { $0.endpoints.first?.tls == nil },
            "they are encrypted already")
        #expect(world.cluster(names[0])?.endpoints.map(\.addressText) == ["10.0.0.1:80"])
    }

    @Test("AUTO_PASSTHROUGH takes no service outside of its hosts, and none not shown to it")
    func automaticHosts() {
        for hosts in ["b.default.svc.cluster.local", "'*.example.com'"] {
            let world = World(
                gateway("mode: AUTO_PASSTHROUGH", protocolName: "TLS", hosts: hosts),
                Piece.meshed("a"), node: MeshWorld.gateway)
            #expect(world.chains(443)?.isEmpty == true)
            #expect(world.says("no service of the mesh lies within these hosts"))
        }
    }

    @Test("AUTO_PASSTHROUGH leaves its hosts to other servers of the port")
    func automaticBesideOthers() {
        let both = """
            kind: Gateway
            metadata: {name: gw}
            spec:
              servers:
              - port: {number: 443, name: auto, protocol: TLS}
                hosts: ['*.local']
                tls: {mode: AUTO_PASSTHROUGH}
              - port: {number: 443, name: mutual, protocol: HTTPS}
                hosts: ['*.local']
                tls: {mode: ISTIO_MUTUAL}
            """
        let world = World(both, Piece.meshed("a"), node: MeshWorld.gateway)
        #expect(
            world.chains(443)?.map(\.serverNames) == [
                ["outbound_.80_._.a.default.svc.cluster.local"], ["*.local"],
            ])
    }
}
