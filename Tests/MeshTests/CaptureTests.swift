// What becomes of captured connections, by where they were meant to go.
import Mesh
import Spec
import Testing

@Suite("captured connections")
struct CaptureTests {
    private static func node(inbound: Bool = false) -> Node {
        var node = MeshWorld.sidecar()
        node.capture = Capture(inboundBind: inbound ? "0.0.0.0" : nil)
        return node
    }

    private func world(_ documents: String..., inbound: Bool = false) -> World {
        World(
            Piece.caller, documents.joined(separator: "\n---\n"), node: Self.node(inbound: inbound))
    }

    private static func entry(
        _ host: String, _ port: UInt16, _ protocolName: String, addresses: String = "[]",
        resolution: String = "STATIC"
    ) -> String {
        """
        kind: ServiceEntry
        metadata: {name: "\(host.drop { $0 == "*" || $0 == "." })"}
        spec:
          hosts: ["\(host)"]
          addresses: \(addresses)
          resolution: \(resolution)
          ports: [{number: \(port), name: p, protocol: \(protocolName)}]
        \(resolution == "NONE" ? "" : "  endpoints: [{address: 10.0.0.1}]")
        """
    }

    private static let registryOnly = """
        kind: Sidecar
        metadata: {name: strict}
        spec:
          egress: [{hosts: ['*/*']}]
          outboundTrafficPolicy: {mode: REGISTRY_ONLY}
        """

    private func captured(
        _ world: World, _ port: UInt16, at address: String? = nil
    ) -> ListenerSpec? {
        let block = address.flatMap { AddressBlock($0) }
        return world.snapshot.routing.listeners.first { listener in
            guard case .captured(let blocks) = listener.reach, listener.declaredPort == port else {
                return false
            }
            return block.map { wanted in blocks.contains(wanted) } ?? blocks.isEmpty
        }
    }

    private func clusters(_ kind: ListenerSpec.Kind?) -> [String]? {
        switch kind {
        case .tcp(let route): route?.destinations.map(\.clusterName)
        case .sniffed(_, .detected(_, let route)): route?.destinations.map(\.clusterName)
        default: nil
        }
    }

    @Test("one socket is bound for them, which nothing but redirection leads past")
    func gate() {
        let world = world(Piece.served("a"))
        let bound = world.snapshot.routing.listeners.filter { $0.isBound }
        #expect(bound.map(\.name) == ["127.0.0.1_15001"])
        #expect(bound.first?.reach == .gate)
    }

    @Test("a port of HTTP services goes by Host, whatever the address")
    func http() throws {
        let world = world(Piece.served("a"))
        let listener = try #require(captured(world, 80))
        guard case .sniffed(_, .http(let table)) = listener.kind else {
            Issue.record("\(listener.kind)")
            return
        }
        let name = Array("a".utf8)
        let host = table.virtualHost(for: name.span)
        guard case .forward(let forward) = host?.routes.first?.action else {
            Issue.record("no route to a")
            return
        }
        #expect(forward.destinations.map(\.clusterName) == [Piece.a])
    }

    @Test("an address and port of a TCP service are that service's, blocks included")
    func addresses() {
        let world = world(
            Self.entry("db.example", 3306, "TCP", addresses: "[10.1.0.7, 10.2.0.0/16]"),
            Self.entry("other.example", 3306, "TCP", addresses: "[10.3.0.1]"))
        #expect(
            clusters(captured(world, 3306, at: "10.1.0.7")?.kind) == ["outbound|3306||db.example"])
        #expect(
            clusters(captured(world, 3306, at: "10.2.0.0/16")?.kind) == [
                "outbound|3306||db.example"
            ])
        #expect(
            clusters(captured(world, 3306, at: "10.3.0.1")?.kind) == [
                "outbound|3306||other.example"
            ])
        #expect(captured(world, 3306) == nil)
    }

    @Test("a TCP service without an address is told by an automatic one, the same in every proxy")
    func automatic() throws {
        let entries = [
            Self.entry("db-1.example", 3306, "TCP"), Self.entry("db-2.example", 3306, "TCP"),
        ]
        let one = world(entries[0], entries[1])
        let two = world(entries[1], entries[0])
        let names = NameTable(of: one.snapshot)
        for name in ["db-1.example", "db-2.example"] {
            let address = try #require(names.addresses(of: name).first)
            #expect(address.description.hasPrefix("240.240."))
            #expect(NameTable(of: two.snapshot).addresses(of: name) == [address])
            let found = captured(one, 3306, at: address.description)
            #expect(clusters(found?.kind) == ["outbound|3306||\(name)"])
        }
        #expect(names.addresses(of: "db-1.example") != names.addresses(of: "db-2.example"))
        #expect(names.addresses(of: "db-3.example").isEmpty)
    }

    @Test("a port that declares nothing is told by its first bytes")
    func undeclared() throws {
        let service = """
            kind: Service
            metadata: {name: any}
            spec: {clusterIP: 10.96.0.9, selector: {app: any}, ports: [{name: what, port: 9000}]}
            """
        let world = world(service)
        let own = try #require(captured(world, 9000, at: "10.96.0.9"))
        #expect(clusters(own.kind) == ["outbound|9000||any.default.svc.cluster.local"])
        #expect(clusters(captured(world, 9000)?.kind) == [Capture.passthroughCluster])
    }

    @Test("TLS goes by server name, and of another name by the policy")
    func tls() throws {
        let world = world(Self.entry("api.example.com", 443, "TLS"))
        let listener = try #require(captured(world, 443))
        let own = try #require(listener.chains.first { $0.fit("api.example.com") == .max })
        guard case .passthrough(let route) = own.handling else { return }
        #expect(route.destinations.map(\.clusterName) == ["outbound|443||api.example.com"])
        let rest = try #require(listener.chains.first { $0.serverNames == ["*"] })
        guard case .passthrough(let other) = rest.handling else { return }
        #expect(other.destinations.map(\.clusterName) == [Capture.passthroughCluster])
    }

    @Test("an address of a TLS service takes any name, but under REGISTRY_ONLY its own alone")
    func namesAtAddresses() throws {
        func leads(_ name: String?, _ documents: String...) throws -> [String] {
            let world = world(documents.joined(separator: "\n---\n"))
            let listener = try #require(captured(world, 443, at: "10.1.0.7"))
            let chain = listener.chains.max { ($0.fit(name) ?? -1) < ($1.fit(name) ?? -1) }
            guard case .passthrough(let route) = chain?.handling else { return [] }
            return route.destinations.map(\.clusterName)
        }
        let one = Self.entry("one.example.com", 443, "TLS", addresses: "[10.1.0.7]")
        let two = Self.entry("two.example.com", 443, "TLS", addresses: "[10.1.0.8]")
        let (first, second) = ("outbound|443||one.example.com", "outbound|443||two.example.com")
        for name in ["one.example.com", "three.example.com", nil] {
            #expect(try leads(name, one, two) == [first])
        }
        #expect(try leads("one.example.com", one, two, Self.registryOnly) == [first])
        // A client that was given an address has no name to say.
        #expect(try leads(nil, one, two, Self.registryOnly) == [first])
        #expect(try leads("two.example.com", one, two, Self.registryOnly) == [second])
        #expect(
            try leads("three.example.com", one, two, Self.registryOnly)
                == [Capture.blackHoleCluster])
        // Inside the mesh names are many, and whoever answers them is known.
        let inside = one.replacing(
            "  resolution:", with: "  location: MESH_INTERNAL\n  resolution:")
        #expect(try leads("three.example.com", inside, Self.registryOnly) == [first])
    }

    @Test("ALLOW_ANY: what nothing describes goes where it was meant to, unheard")
    func allowAny() {
        let world = world(Piece.served("a"))
        #expect(clusters(captured(world, 0)?.kind) == [Capture.passthroughCluster])
        guard case .tcp = captured(world, 0)?.kind else {
            Issue.record("its first bytes are waited for")
            return
        }
        #expect(world.cluster(Capture.passthroughCluster)?.original != nil)
        #expect(world.cluster(Capture.passthroughCluster)?.leavesMesh == true)
    }

    @Test("REGISTRY_ONLY: a request is told by whom it is blocked, bytes end in BlackHoleCluster")
    func registryOnly() throws {
        let world = world(Piece.served("a"), Self.registryOnly)
        guard case .sniffed(_, .detected(let table, let route)) = captured(world, 0)?.kind else {
            Issue.record("not told by the first bytes")
            return
        }
        #expect(route?.destinations.map(\.clusterName) == [Capture.blackHoleCluster])
        let cluster = try #require(world.cluster(Capture.blackHoleCluster))
        #expect(cluster.original == nil && cluster.endpoints.isEmpty)
        guard case .direct(let answer) = table.virtualHosts.first?.routes.first?.action else {
            Issue.record("no answer")
            return
        }
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status == 502 && answer.namesAuthority)
        #expect(text.contains("REGISTRY_ONLY of Sidecar default/strict"))
        #expect(text.contains("ServiceEntry"))
    }

    @Test("resolution NONE goes where it was meant to, as the service that has the address")
    func none() throws {
        let world = world(
            Self.entry("db.example", 3306, "TCP", addresses: "[10.1.0.0/16]", resolution: "NONE"))
        #expect(
            clusters(captured(world, 3306, at: "10.1.0.0/16")?.kind) == [
                "outbound|3306||db.example"
            ])
        #expect(world.cluster("outbound|3306||db.example")?.original != nil)
        #expect(world.warnings.isEmpty)
    }

    private static let subnets = """
        kind: VirtualService
        metadata: {name: split}
        spec:
          hosts: [db.example]
          tcp:
          - match: [{port: 3306, destinationSubnets: [10.1.2.0/24, 10.3.0.1]}]
            route: [{destination: {host: near.example}}]
          - match: [{destinationSubnets: [10.1.0.0/16]}]
            route: [{destination: {host: far.example}}]
          - match: [{port: 1}]
            route: [{destination: {host: never.example}}]
        """

    @Test("destinationSubnets: the smallest block decides, and the service has the rest")
    func destinationSubnets() throws {
        let world = world(
            Self.entry("db.example", 3306, "TCP", addresses: "[10.0.0.0/8]"),
            Self.entry("near.example", 3306, "TCP"), Self.entry("far.example", 3306, "TCP"),
            Self.subnets)
        let listener = try #require(captured(world, 3306, at: "10.0.0.0/8"))
        guard case .tcp(let route?) = listener.kind else {
            Issue.record("\(listener.kind)")
            return
        }
        for (address, cluster) in [
            ("10.1.2.9", "near"), ("10.3.0.1", "near"), ("10.1.3.9", "far"), ("10.3.0.2", "db"),
        ] {
            let block = try #require(AddressBlock(address))
            let part = route.route(to: block.high, block.low)
            #expect(part.destinations.map(\.clusterName) == ["outbound|3306||\(cluster).example"])
        }
        let told = Mesh.explain(
            try ExplainRequest(url: "http://10.1.2.9:3306/"), snapshot: world.snapshot,
            objects: world.objects, node: world.node
        ).description
        #expect(told.contains("outbound|3306||near.example"))
        #expect(told.contains("connections to 10.1.0.0/16 go to outbound|3306||far.example"))
    }

    @Test("a tls rule with destinationSubnets stands beside one without, for one name")
    func serverNameSubnets() throws {
        let rule = """
            kind: VirtualService
            metadata: {name: split}
            spec:
              hosts: [web.example]
              tls:
              - match: [{sniHosts: [web.example], destinationSubnets: [10.1.0.0/16]}]
                route: [{destination: {host: near.example}}]
              - match: [{sniHosts: [web.example]}]
                route: [{destination: {host: far.example}}]
            """
        let world = world(
            Self.entry("web.example", 443, "TLS"), Self.entry("near.example", 443, "TLS"),
            Self.entry("far.example", 443, "TLS"), rule)
        let listener = try #require(captured(world, 443))
        let mine = listener.chains.filter { $0.serverNames == ["web.example"] }
        #expect(mine.map { $0.destinations.map(\.description) } == [["10.1.0.0/16"], []])
        #expect(world.warnings.isEmpty)
    }

    @Test("PASSTHROUGH goes where it was meant to, and to its endpoints where nothing tells")
    func passthrough() throws {
        let rule = """
            kind: DestinationRule
            metadata: {name: a}
            spec:
              host: a.example
              trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}
              subsets: [{name: spread, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]
            """
        let route = """
            kind: VirtualService
            metadata: {name: a}
            spec:
              hosts: [a.example]
              http: [{route: [{destination: {host: a.example, subset: spread}}]}]
            """
        let world = world(Self.entry("a.example", 80, "HTTP"), rule)
        let cluster = try #require(world.cluster("outbound|80||a.example"))
        #expect(cluster.original != nil && cluster.endpoints.map(\.address) == ["10.0.0.1"])
        #expect(world.warnings.isEmpty)
        let other = self.world(Self.entry("a.example", 80, "HTTP"), rule, route)
        #expect(other.cluster("outbound|80|spread|a.example")?.original == nil)
    }

    @Test("two TCP services of one port that no address tells apart: the second is told of")
    func indistinct() {
        let world = world(
            Self.entry("*.one.example", 5000, "TCP"), Self.entry("*.two.example", 5000, "TCP"))
        #expect(world.says("every connection to port 5000", "write `addresses`"))
    }

    @Test("only what a Sidecar's hosts show is known; its listener for a port is alone for it")
    func scopes() throws {
        let sidecar = """
            kind: Sidecar
            metadata: {name: narrow}
            spec:
              egress:
              - port: {number: 80, protocol: HTTP, name: h}
                hosts: ["./b.default.svc.cluster.local"]
              - {hosts: ['other/*']}
            """
        let world = world(
            Piece.served("a"), Piece.served("c", namespace: "other"),
            sidecar, Piece.served("b"))
        guard case .sniffed(_, .http(let table)) = captured(world, 80)?.kind else {
            Issue.record("port 80 is not captured")
            return
        }
        let domains = table.virtualHosts.flatMap(\.domains)
        #expect(domains.contains("b.default.svc.cluster.local"))
        #expect(!domains.contains("a.default.svc.cluster.local"))
        #expect(!domains.contains("c.other.svc.cluster.local"))
    }

    @Test("captured inbound: a gate, a listener for each port served, and the rest")
    func inbound() throws {
        let world = world(
            """
            kind: Service
            metadata: {name: own}
            spec: {selector: {app: caller}, ports: [{name: http, port: 80, targetPort: 8080}]}
            """, inbound: true)
        let inbound = world.snapshot.routing.listeners.filter { $0.direction == .inbound }
        #expect(inbound.filter(\.isBound).map(\.name) == ["0.0.0.0_15006"])
        #expect(inbound.contains { $0.declaredPort == 8080 && $0.reach == .captured([]) })
        let rest = try #require(inbound.first { $0.declaredPort == 0 })
        #expect(clusters(rest.kind) == [Capture.inboundPassthroughCluster])
    }

    @Test("nothing of it is there without capture")
    func without() {
        let world = World(Piece.caller, Piece.served("a"), node: MeshWorld.sidecar())
        #expect(world.snapshot.routing.listeners.allSatisfy { $0.reach == .bound })
        #expect(NameTable(of: world.snapshot).count == 0)
    }

    // MARK: - Explained

    private func explain(_ url: String, _ documents: String...) throws -> Explanation {
        let node = Self.node()
        let world = World(
            Piece.caller, documents.joined(separator: "\n---\n"), node: node)
        return Mesh.explain(
            try ExplainRequest(url: url), snapshot: world.snapshot, objects: world.objects,
            node: node)
    }

    @Test("a host that nothing describes goes where it was meant to, and explain says so")
    func explainsPassthrough() throws {
        let known = Self.entry("books.example.com", 80, "HTTP")
        let explanation = try explain("http://other.example.com/", known)
        #expect(explanation.outcome == .forwarded)
        #expect(explanation.destinations.map(\.cluster) == ["PassthroughCluster"])
        #expect("\(explanation)".contains("to the address that it was meant for"))
        let tls = try explain("https://other.example.com/", known)
        #expect(tls.outcome == .connected)
        #expect(tls.destinations.map(\.cluster) == ["PassthroughCluster"])
        let blocked = try explain("http://other.example.com/", known, Self.registryOnly)
        #expect(blocked.outcome == .unknownHost(status: 502))
    }
}
