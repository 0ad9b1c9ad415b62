// Which endpoints get mutual TLS of the mesh without anybody asking for it, and how it looks
// (Istio's mtls_checker.go).
import Mesh
import Spec
import Testing

@Suite struct AutoMTLSTests {
    private static let route =
        Piece.gateway() + "\n---\n" + Piece.virtualService(http: Piece.to("a"))

    private func world(_ documents: String, node: Node = MeshWorld.gateway) -> World {
        World(Self.route, documents, node: node)
    }

    @Test("an endpoint with the injector's label gets mutual TLS, with Istio's SNI and names")
    func labelled() throws {
        let tls = try #require(world(Piece.meshed("a")).tls())
        #expect(tls.isMeshMutual)
        #expect(tls.identity == .workload && tls.trust == .workload)
        #expect(tls.serverName == "outbound_.80_._.a.default.svc.cluster.local")
        #expect(tls.subjectAltNames == ["spiffe://cluster.local/ns/default/sa/a-account"])
    }

    @Test("SNI names the subset")
    func subset() {
        let world = World(
            Piece.gateway(), Piece.meshed("a"),
            Piece.destinationRule("host: a\nsubsets: [{name: v1}]"),
            Piece.virtualService(http: "- route: [{destination: {host: a, subset: v1}}]"),
            node: MeshWorld.gateway)
        #expect(
            world.tls("outbound|80|v1|a.default.svc.cluster.local")?.serverName
                == "outbound_.80_.v1_.a.default.svc.cluster.local")
    }

    @Test("nothing says sidecar: plain text, whatever service account is written")
    func unlabelled() {
        #expect(world(Piece.meshed("a", label: nil)).tls() == nil)
    }

    @Test("the label can say no as well", arguments: ["disabled", "none"])
    func denied(_ mode: String) {
        let sidecar = Piece.sidecar(
            named: "a", app: "a", "ingress: [{port: {number: 80, protocol: HTTP, name: h}}]")
        #expect(world(Piece.meshed("a", label: mode) + "\n---\n" + sidecar).tls() == nil)
    }

    @Test(
        "a Sidecar that lists the very port is word of one; another port or workload is not",
        arguments: [
            ("a", 80, true), ("a", 81, false), ("b", 80, false), (nil, 80, false),
        ] as [(String?, Int, Bool)])
    func listener(_ app: String?, _ port: Int, _ isMutual: Bool) {
        let sidecar = Piece.sidecar(
            named: "s", app: app, "ingress: [{port: {number: \(port), protocol: HTTP, name: h}}]")
        let world = world(Piece.meshed("a", label: nil) + "\n---\n" + sidecar)
        #expect((world.tls() != nil) == isMutual)
    }

    @Test(
        "a port that takes no TLS gets none; others do",
        arguments: [("DISABLE", false), ("PERMISSIVE", true), ("STRICT", true), ("UNSET", true)])
    func peerAuthentication(_ mode: String, _ isMutual: Bool) {
        let world = world(Piece.meshed("a") + "\n---\n" + Piece.mtls(mode))
        #expect((world.tls() != nil) == isMutual)
    }

    @Test("services outside of the mesh get plain text; those declared inside do not")
    func external() {
        for (location, isMutual) in [("MESH_EXTERNAL", false), ("MESH_INTERNAL", true)] {
            let entry = """
                kind: ServiceEntry
                metadata: {name: a}
                spec:
                  hosts: [a.example.com]
                  location: \(location)
                  resolution: STATIC
                  ports: [{number: 80, name: http, protocol: HTTP}]
                  subjectAltNames: [spiffe://cluster.local/ns/x/sa/extra]
                  endpoints:
                  - address: 10.0.0.1
                    labels: {security.istio.io/tlsMode: istio}
                    serviceAccount: inner
                """
            let world = World(
                Piece.gateway(), entry,
                Piece.virtualService(http: Piece.to("a.example.com")), node: MeshWorld.gateway)
            let tls = world.tls("outbound|80||a.example.com")
            #expect((tls != nil) == isMutual)
            if isMutual {
                #expect(
                    tls?.subjectAltNames == [
                        "spiffe://cluster.local/ns/default/sa/inner",
                        "spiffe://cluster.local/ns/x/sa/extra",
                    ])
            }
        }
    }

    @Test("members with and without a sidecar stand in one cluster, each in its own way")
    func mixed() throws {
        let world = world(
            [
                Piece.service("a"), Piece.workload("a-1", app: "a", address: "10.0.0.1"),
                Piece.workload(
                    "a-2", app: "a, security.istio.io/tlsMode: istio", address: "10.0.0.2",
                    extra: "serviceAccount: two"),
                Piece.workload(
                    "a-3", app: "a, security.istio.io/tlsMode: istio", address: "10.0.0.3",
                    extra: "serviceAccount: three"),
            ].joined(separator: "\n---\n"))
        let endpoints = try #require(world.cluster(Piece.a)?.endpoints)
        #expect(endpoints.map { $0.tls != nil } == [false, true, true])
        #expect(endpoints[1].tls === endpoints[2].tls, "those that agree share one object")
        #expect(
            endpoints[1].tls?.subjectAltNames == [
                "spiffe://cluster.local/ns/default/sa/default",
                "spiffe://cluster.local/ns/default/sa/three",
                "spiffe://cluster.local/ns/default/sa/two",
            ])
    }

    @Test("the trust domain is the proxy's, with @ as Istio writes it")
    func trustDomain() {
        var node = MeshWorld.gateway
        node.trustDomain = "me@example.org"
        #expect(
            world(Piece.meshed("a"), node: node).tls()?.subjectAltNames
                == ["spiffe://me.example.org/ns/default/sa/a-account"])
    }

    @Test("without an identity nothing is encrypted by itself, and somebody hears of it")
    func noIdentity() {
        let plain = world(Piece.meshed("a"), node: Node())
        #expect(plain.tls() == nil)
        #expect(plain.says("this proxy has no identity", "asked in plain text"))
        let strict = world(Piece.meshed("a") + "\n---\n" + Piece.mtls("STRICT"), node: Node())
        #expect(strict.says("mutual TLS alone (STRICT)", "its requests get 503"))
    }

    @Test("an endpoint that did not change keeps its object, and a new account makes a new one")
    func kept() {
        let before = world(Piece.meshed("a"))
        let same = World(before.objects, node: MeshWorld.gateway, previous: before.snapshot)
        #expect(same.cluster(Piece.a) === before.cluster(Piece.a))
        let other = World(
            Self.route, Piece.meshed("a", account: "other"), node: MeshWorld.gateway,
            previous: before.snapshot)
        #expect(other.cluster(Piece.a) !== before.cluster(Piece.a))
        #expect(
            other.tls()?.subjectAltNames == ["spiffe://cluster.local/ns/default/sa/other"])
    }
}
