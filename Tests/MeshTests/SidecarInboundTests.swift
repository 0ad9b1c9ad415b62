// Which workload a sidecar is for, which Sidecar applies to it, and what it takes requests on.
import Mesh
import Spec
import Testing

@Suite struct SidecarInboundTests {
    private static let service = Piece.service(
        "a", ports: "{name: http, port: 80, targetPort: 8080}")
    private static let workload = Piece.workload("a-1", app: "a", address: "10.0.0.1")

    private func world(_ documents: String..., node: Node = MeshWorld.sidecar("a-1")) -> World {
        World(documents.joined(separator: "\n---\n"), node: node)
    }

    private func names(_ world: World, _ direction: ListenerSpec.Direction) -> [String] {
        world.snapshot.routing.listeners.filter { $0.direction == direction }.map(\.name)
    }

    private func ingress(_ listeners: String..., name: String = "s", app: String? = "a") -> String {
        Piece.sidecar(
            named: name, app: app,
            "ingress:\n" + listeners.map { "- {\($0)}" }.joined(separator: "\n"))
    }

    // MARK: - The workload

    @Test("a workload that is not there is an error that names the one that was meant")
    func missing() {
        let world = world(Self.service, Self.workload, node: MeshWorld.sidecar("a-2"))
        #expect(world.result.snapshot == nil)
        #expect(
            world.says(
                "there is no WorkloadEntry or Pod a-2 in namespace default",
                "did you mean a-1.default?", severity: .error))
    }

    @Test("a workload of another namespace is another workload")
    func namespace() {
        let world = world(
            Self.service, Self.workload, node: MeshWorld.sidecar("a-1", namespace: "other"))
        #expect(world.result.snapshot == nil)
        #expect(world.says("in namespace other", severity: .error))
    }

    @Test("a Pod is a workload as well: its address, its labels, its named ports")
    func pod() {
        let pod = """
            kind: Pod
            metadata: {name: a-1, labels: {app: a}}
            spec: {containers: [{name: c, ports: [{name: web, containerPort: 8081}]}]}
            status: {podIP: 10.0.0.7}
            """
        let world = world(
            Piece.service("a", ports: "{name: http, port: 80, targetPort: web}"), pod)
        #expect(names(world, .inbound) == ["10.0.0.7_8081"])
        #expect(world.endpoints("inbound|8081||") == "127.0.0.1:8081")
    }

    // MARK: - TLS of a listener's own

    private static let disabled = """
        kind: PeerAuthentication
        metadata: {name: open}
        spec: {selector: {matchLabels: {app: a}}, mtls: {mode: DISABLE}}
        """

    private func own(_ spoken: String, _ tls: String) -> String {
        ingress(
            "port: {number: 9443, protocol: \(spoken), name: x}, "
                + "defaultEndpoint: '127.0.0.1:9000', tls: {\(tls)}")
    }

    private static let files = "serverCertificate: /a.pem, privateKey: /a.key"

    @Test("`tls` of a listener ends TLS by its own certificate where the mesh's is switched off")
    func ownTLS() throws {
        let world = world(
            Self.workload, Self.disabled,
            own("HTTPS", "mode: MUTUAL, \(Self.files), caCertificates: /ca.pem"))
        let chains = try #require(world.inbound(9443)).chains
        #expect(chains.map(\.serverNames) == [["*"]])
        guard case .terminateHTTP(let termination, let table) = chains[0].handling else {
            Issue.record("\(chains[0].handling)")
            return
        }
        #expect(termination.credentials == [.files(certificate: "/a.pem", key: "/a.key")])
        #expect(termination.clientCertificates == .required)
        #expect(termination.clientCAFile == "/ca.pem")
        #expect(termination.applicationProtocols == ["h2", "http/1.1"])
        #expect(table.virtualHosts.map(\.domains) == [["*"]])
        #expect(world.endpoints("inbound|9443||") == "127.0.0.1:9000")
        #expect(world.warnings.isEmpty)
    }

    @Test("bytes inside of it are bytes, and PASSTHROUGH leaves it to the application")
    func ownTLSOfBytes() throws {
        let world = world(Self.workload, Self.disabled, own("TLS", "mode: SIMPLE, \(Self.files)"))
        let chain = try #require(world.inbound(9443)?.chains.first)
        guard case .terminateTCP(let termination, let route) = chain.handling else {
            Issue.record("\(chain.handling)")
            return
        }
        #expect(termination.clientCertificates == .ignored && termination.clientCAFile == nil)
        #expect(termination.applicationProtocols.isEmpty)
        #expect(route?.destinations.map(\.clusterName) == ["inbound|9443||"])
        let through = self.world(Self.workload, Self.disabled, own("TLS", "mode: PASSTHROUGH"))
        guard case .tcp = try #require(through.inbound(9443)).kind else {
            Issue.record("not as it is")
            return
        }
    }

    @Test("where PeerAuthentication wants the mesh's TLS it is that, and the settings are told of")
    func ownTLSBesideTheMeshs() throws {
        let world = world(Self.workload, own("HTTPS", "mode: SIMPLE, \(Self.files)"))
        #expect(world.says("`tls` of the listener does nothing", "portLevelMtls {9443"))
        let names = try #require(world.inbound(9443)).chains.map(\.name)
        #expect(!names.contains("inbound.9443.own"))
    }

    // MARK: - Without a Sidecar

    @Test("the services that select it say what comes in, at the workload's address")
    func defaults() {
        let world = world(Self.service, Self.workload)
        #expect(names(world, .inbound) == ["10.0.0.1_8080"])
        #expect(world.endpoints("inbound|8080||") == "127.0.0.1:8080")
        let cluster = world.cluster("inbound|8080||")
        #expect(cluster?.host == "a.default.svc.cluster.local")
        #expect(cluster?.serviceName == "a" && cluster?.namespace == "default")
        #expect(cluster?.upstreamProtocol == .http1)
    }

    @Test("two services of one port make one listener; one that is HTTP and bytes is told")
    func sharedPort() {
        let other = """
            kind: Service
            metadata: {name: other}
            spec: {selector: {app: a}, ports: [{name: tcp, port: 90, targetPort: 8080}]}
            """
        let world = world(Self.service, other, Self.workload)
        #expect(names(world, .inbound) == ["10.0.0.1_8080"])
        #expect(world.says("HTTP by a.default", "TCP by other.default", "the first holds"))
    }

    @Test("a WorkloadEntry's own port of the service port's name is where it answers")
    func namedPort() {
        let world = world(
            Self.service,
            Piece.workload("a-1", app: "a", address: "10.0.0.1", extra: "ports: {http: 7070}"))
        #expect(names(world, .inbound) == ["10.0.0.1_7070"])
    }

    @Test("a ServiceEntry that selects it counts as a service")
    func serviceEntry() {
        let entry = """
            kind: ServiceEntry
            metadata: {name: a}
            spec:
              hosts: [a.example.com]
              location: MESH_INTERNAL
              resolution: STATIC
              ports: [{number: 80, name: grpc, protocol: GRPC, targetPort: 8088}]
              workloadSelector: {labels: {app: a}}
            """
        let world = world(entry, Self.workload)
        #expect(names(world, .inbound) == ["10.0.0.1_8088"])
        #expect(world.cluster("inbound|8088||")?.upstreamProtocol == .http2)
    }

    @Test("no service selects it: nothing comes in, and it is said")
    func noService() {
        let world = world(Self.workload)
        #expect(names(world, .inbound).isEmpty)
        #expect(world.says("no service selects a-1", severity: .info))
    }

    @Test(
        "a listener that would send to itself is refused, with the way out",
        arguments: ["127.0.0.1", "0.0.0.0"])
    func loop(_ address: String) {
        let world = world(
            Self.service, Piece.workload("a-1", app: "a", address: address))
        #expect(world.result.snapshot == nil)
        #expect(
            world.says("which is the listener itself", "defaultEndpoint", severity: .error))
    }

    @Test("an address of another loopback is no loop")
    func noLoop() {
        let world = world(Self.service, Piece.workload("a-1", app: "a", address: "127.0.0.11"))
        #expect(names(world, .inbound) == ["127.0.0.11_8080"])
        #expect(world.result.errors.isEmpty)
    }

    // MARK: - With one

    @Test("ingress listeners replace the services' ports, and keep the service they belong to")
    func listed() {
        let world = world(
            Self.service, Self.workload,
            ingress(
                "port: {number: 8080, protocol: HTTP, name: h}, bind: 10.0.0.9, "
                    + "defaultEndpoint: '127.0.0.1:9999'"))
        #expect(names(world, .inbound) == ["10.0.0.9_8080"])
        #expect(world.endpoints("inbound|8080||") == "127.0.0.1:9999")
        #expect(world.cluster("inbound|8080||")?.serviceName == "a")
    }

    @Test("with captureMode NONE the bind is loopback, without it the workload's address")
    func bind() {
        let world = world(
            Self.service, Self.workload,
            ingress(
                "port: {number: 1, protocol: HTTP, name: a}, captureMode: NONE, "
                    + "defaultEndpoint: '127.0.0.1:9999'",
                "port: {number: 2, protocol: HTTP, name: b}"))
        #expect(names(world, .inbound) == ["127.0.0.1_1", "10.0.0.1_2"])
    }

    @Test(
        "where the application answers",
        arguments: [
            ("", "127.0.0.1:8080"), ("127.0.0.1:9", "127.0.0.1:9"), (":9", "127.0.0.1:9"),
            ("127.0.1.11:9080", "127.0.1.11:9080"), ("0.0.0.0:9", "10.0.0.1:9"),
            ("[::1]:9", "[::1]:9"), ("unix:///run/a", "unix:///run/a"),
        ])
    func endpoint(_ written: String, _ expected: String) {
        let world = world(
            Self.service, Self.workload,
            ingress(
                "port: {number: 8080, protocol: HTTP, name: h}, defaultEndpoint: '\(written)'"))
        #expect(world.endpoints("inbound|8080||") == expected)
    }

    @Test("a protocol that is not written is the service's; another port is bytes")
    func protocolOfService() {
        let world = world(
            Self.service, Self.workload,
            ingress("port: {number: 8080, name: a}", "port: {number: 9, name: b}"),
            Piece.mtls("DISABLE"))
        guard case .http = world.inbound(8080)?.kind, case .tcp = world.inbound(9)?.kind else {
            Issue.record("\(world.snapshot.routing.listeners.map(\.kind))")
            return
        }
    }

    @Test("the time to connect: the listener's, else the Sidecar's, else 10 s")
    func pool() {
        let sidecar = Piece.sidecar(
            named: "s", app: "a",
            """
            inboundConnectionPool: {tcp: {connectTimeout: 2s}}
            ingress:
            - {port: {number: 1, protocol: HTTP, name: a}, connectionPool: {tcp: {connectTimeout: 1s}}}
            - {port: {number: 2, protocol: HTTP, name: b}}
            """)
        let world = world(Self.service, Self.workload, sidecar)
        #expect(world.cluster("inbound|1||")?.connectTimeoutMs == 1_000)
        #expect(world.cluster("inbound|2||")?.connectTimeoutMs == 2_000)
    }

    @Test("a selector comes before the namespace's own, that before the root's; the oldest wins")
    func precedence() {
        func port(_ number: Int) -> String { "port: {number: \(number), protocol: HTTP, name: p}" }
        let root = Piece.sidecar(
            named: "root", namespace: "istio-system", app: nil, "ingress: [{\(port(1))}]")
        let space = ingress(port(2), name: "space", app: nil)
        let own = ingress(port(3), name: "own")
        let later = ingress(port(4), name: "later")
        let elsewhere = Piece.sidecar(
            named: "x", namespace: "other", app: "a", "ingress: [{\(port(5))}]")
        func ports(_ sidecars: String...) -> [String] {
            names(
                world(([Self.service, Self.workload] + sidecars).joined(separator: "\n---\n")),
                .inbound)
        }
        #expect(ports(elsewhere) == ["10.0.0.1_8080"])
        #expect(ports(elsewhere, root) == ["10.0.0.1_1"])
        #expect(ports(root, space) == ["10.0.0.1_2"])
        #expect(ports(root, space, own, later) == ["10.0.0.1_3"])
    }

    @Test("two listeners on one address: the second is left out and told")
    func conflict() {
        let sidecar = Piece.sidecar(
            named: "s", app: "a",
            """
            ingress:
            - {port: {number: 80, protocol: HTTP, name: a}, bind: 127.0.0.1, defaultEndpoint: ':8080'}
            egress:
            - {port: {number: 80, protocol: HTTP, name: b}, bind: 127.0.0.1, hosts: ['*/*']}
            """)
        let world = world(Self.service, Self.workload, sidecar)
        #expect(world.snapshot.routing.listeners.map(\.name) == ["127.0.0.1_80"])
        #expect(world.snapshot.routing.listeners.first?.direction == .inbound)
        #expect(world.says("127.0.0.1:80 is listened on already", "left out"))
    }

    @Test("the port map moves what is bound, and what is declared stays")
    func portMap() {
        var node = MeshWorld.sidecar("a-1")
        node.portMap = [8080: 18080]
        let world = world(Self.service, Self.workload, node: node)
        #expect(world.inbound(8080)?.port == 18080)
        #expect(world.endpoints("inbound|8080||") == "127.0.0.1:8080")
    }
}
