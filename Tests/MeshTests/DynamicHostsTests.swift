// Clusters whose endpoints are the hosts that requests name: what compiling says of hosts that
// nobody has written down.
import Mesh
import Spec
import Testing

@Suite("hosts that requests name")
struct DynamicHostsTests {
    private static let apps = """
        kind: ServiceEntry
        metadata: {name: apps}
        spec:
          hosts: ["*.app.test"]
          resolution: DYNAMIC_DNS
          ports: [{number: 80, name: main, protocol: HTTP, targetPort: 8080}]
        """
    private static let gateway = """
        kind: Gateway
        metadata: {name: out}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
        ---
        kind: VirtualService
        metadata: {name: out}
        spec:
          hosts: ["*"]
          gateways: [out]
          http: [{route: [{destination: {host: "*.app.test", port: {number: 80}}}]}]
        """
    private static let name = "outbound|80||*.app.test"

    private func cluster(_ world: World, _ name: String = name) throws -> Cluster {
        try #require(world.snapshot.clusters.first { $0.name == name })
    }

    @Test("a wildcard of DYNAMIC_DNS has no endpoints, and nothing is wrong with that")
    func compiled() throws {
        let world = World(Self.gateway, Self.apps)
        let cluster = try cluster(world)
        let hosts = try #require(cluster.dynamic)
        #expect(cluster.endpoints.isEmpty && world.warnings.isEmpty, "\(world.warnings)")
        #expect(hosts.pattern == "*.app.test" && hosts.port == 8080)
        #expect(hosts.admits("a.app.test") && hosts.admits("a.b.app.test"))
        for name in ["app.test", "xapp.test", "a.app.test.evil", "192.0.2.1"] {
            #expect(!hosts.admits(name), "\(name)")
        }
        #expect(world.snapshot.names.isEmpty, "nobody is asked for before a request is there")
    }

    @Test("TLS of a rule for the wildcard asks for the host of each request")
    func secured() throws {
        let rule = """
            kind: DestinationRule
            metadata: {name: apps}
            spec:
              host: "*.app.test"
              trafficPolicy: {tls: {mode: SIMPLE}}
            """
        let tls = try #require(
            try cluster(World(Self.gateway, Self.apps, rule)).dynamic?.template.tls)
        #expect(tls.serverName == nil && tls.subjectAltNames.isEmpty && tls.trust == .system)
    }

    @Test("an address counts as named where an entry lists it, with its ports, and not as endpoint")
    func listed() throws {
        let listed = """
            kind: ServiceEntry
            metadata: {name: inside}
            spec:
              hosts: [inside.test]
              addresses: [127.0.0.0/8, "fd00:ec2::254"]
              resolution: STATIC
              ports: [{number: 8080, name: main, protocol: HTTP}]
              endpoints: [{address: 169.254.1.1}]
            """
        let hosts = try #require(try cluster(World(Self.gateway, Self.apps, listed)).dynamic)
        let loopback = AddressBlock.v4(0x7f00_0001)
        #expect(hosts.excepts(loopback.high, loopback.low, port: 8080))
        #expect(!hosts.excepts(loopback.high, loopback.low, port: 22))
        #expect(hosts.excepts(0xfd00_0ec2_0000_0000, 0x254, port: 8080))
        let endpoint = AddressBlock.v4(0xa9fe_0101)
        #expect(!hosts.excepts(endpoint.high, endpoint.low, port: 8080))
    }

    @Test("what has not changed stays the same object, whatever else did")
    func kept() throws {
        let first = World(Self.gateway, Self.apps)
        let other = """
            kind: ServiceEntry
            metadata: {name: other}
            spec:
              hosts: [other.test]
              resolution: DNS
              ports: [{number: 80, name: main, protocol: HTTP}]
            """
        let second = World(Self.gateway, Self.apps, other, previous: first.snapshot)
        #expect(try cluster(first) === cluster(second))
        let moved = Self.apps.replacing("8080", with: "8081")
        let third = World(Self.gateway, moved, previous: first.snapshot)
        #expect(try cluster(third).dynamic?.port == 8081)
    }

    @Test("a resolution that another entry for the host contradicts is told of")
    func contradicted() throws {
        let other = """
            kind: ServiceEntry
            metadata: {name: fixed}
            spec:
              hosts: ["*.app.test"]
              resolution: STATIC
              ports: [{number: 80, name: main, protocol: HTTP}]
            """
        let world = World(Self.gateway, Self.apps, other)
        #expect(try cluster(world).dynamic == nil)
        #expect(world.says("DYNAMIC_DNS stands beside another entry for *.app.test"))
    }

    // MARK: - Forward proxies

    @Test("under ALLOW_ANY a forward proxy goes to any host, at the port that is asked for")
    func anyHost() throws {
        let world = World(Piece.caller, Piece.served("a"), node: MeshWorld.sidecar())
        let hosts = try #require(try cluster(world, "PassthroughCluster").dynamic)
        #expect(hosts.pattern == nil && hosts.port == nil)
        #expect(hosts.admits("anything.example") && hosts.admits("192.0.2.1"))
        guard
            case .forward(let forward) = world.route(host: "anything.example", port: 15001)?.action
        else {
            Issue.record("no way to a host that nothing describes")
            return
        }
        #expect(forward.destinations.map(\.clusterName) == ["PassthroughCluster"])
        let tunnels = try #require(world.listener(15001)?.connect)
        let asked = Array("anything.example:443".utf8)
        guard case .forward(let tunnel) = tunnels.virtualHost(for: asked.span)?.routes.first?.action
        else {
            Issue.record("no tunnel to a host that nothing describes")
            return
        }
        #expect(tunnel.destinations.map(\.clusterName) == ["PassthroughCluster"])
    }

    @Test("under REGISTRY_ONLY it says which policy blocks, and operators hear of it")
    func blocked() throws {
        let strict = """
            kind: Sidecar
            metadata: {name: strict}
            spec:
              egress: [{hosts: ['*/*']}]
              outboundTrafficPolicy: {mode: REGISTRY_ONLY}
            """
        let world = World(Piece.caller, strict, node: MeshWorld.sidecar())
        guard case .direct(let answer) = world.route(host: "x.example", port: 15001)?.action else {
            Issue.record("not answered here")
            return
        }
        #expect(answer.status == 502 && answer.refuses == .host)
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.contains("REGISTRY_ONLY of Sidecar default/strict"), "\(text)")
        #expect(world.snapshot.clusters.allSatisfy { $0.dynamic == nil })
    }

    @Test("a port of the sidecar's that is no forward proxy takes the hosts it knows alone")
    func onePort() throws {
        let sidecar = """
            kind: Sidecar
            metadata: {name: one}
            spec:
              egress: [{port: {number: 80, protocol: HTTP, name: out}, hosts: ['*/*']}]
            """
        let world = World(Piece.caller, Piece.served("a"), sidecar, node: MeshWorld.sidecar())
        guard case .direct(let answer) = world.route(host: "x.example", port: 80)?.action else {
            Issue.record("not answered here")
            return
        }
        #expect(answer.status == 502)
    }

    @Test("a captured workload finds any name of the wildcard at the one address it has")
    func resolved() throws {
        var node = MeshWorld.sidecar()
        node.capture = Capture(inboundBind: nil)
        let names = NameTable(of: World(Piece.caller, Self.apps, node: node).snapshot)
        let address = try #require(names.addresses(of: "a.app.test").first)
        #expect(address.description.hasPrefix("240.240."))
        #expect(names.addresses(of: "B.App.Test.") == [address])
        #expect(names.addresses(of: "app.test").isEmpty)
    }
}
