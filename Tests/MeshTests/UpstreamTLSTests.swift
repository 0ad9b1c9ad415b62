// TLS towards destinations as DestinationRules ask for it, and which rule's word counts.
import Mesh
import Spec
import Testing

@Suite struct UpstreamTLSTests {
    private static let subset = "outbound|80|v1|a.default.svc.cluster.local"

    /// A gateway that sends `/v1` to the subset v1 of `a`, and the rest to `a`.
    private func world(
        _ rule: String, service: String = Piece.meshed("a"), extra: String = "",
        node: Node = MeshWorld.gateway
    ) -> World {
        World(
            Piece.gateway(), service,
            Piece.destinationRule("host: a\n" + rule),
            Piece.virtualService(
                http: """
                    - match: [{uri: {prefix: /v1}}]
                      route: [{destination: {host: a, subset: v1}}]
                    - route: [{destination: {host: a}}]
                    """), extra, node: node)
    }

    private func policy(_ tls: String) -> String { "trafficPolicy: {tls: {\(tls)}}" }

    @Test("DISABLE is plain text, also towards a sidecar")
    func disable() {
        let world = world(policy("mode: DISABLE"))
        #expect(world.cluster(Piece.a)?.endpoints.count == 1)
        #expect(world.tls() == nil)
    }

    @Test("SIMPLE trusts this machine's CAs and takes the request's host for SNI")
    func simple() throws {
        let tls = try #require(world(policy("mode: SIMPLE")).tls())
        #expect(!tls.isMeshMutual && tls.identity == nil)
        #expect(tls.trust == .system)
        #expect(tls.serverName == nil && tls.subjectAltNames.isEmpty)
    }

    @Test("SIMPLE with everything written")
    func simpleInFull() throws {
        let tls = try #require(
            world(
                policy(
                    "mode: SIMPLE, sni: www.example.com, caCertificates: /ca.pem, caCrl: /crl.pem, "
                        + "subjectAltNames: [one.example.com, two.example.com]")
            ).tls())
        #expect(tls.serverName == "www.example.com")
        #expect(tls.trust == .file("/ca.pem"))
        #expect(tls.revocationFile == "/crl.pem")
        #expect(tls.subjectAltNames == ["one.example.com", "two.example.com"])
    }

    @Test("insecureSkipVerify trusts anybody")
    func skips() {
        #expect(world(policy("mode: SIMPLE, insecureSkipVerify: true")).tls()?.trust == .nobody)
    }

    @Test("MUTUAL shows a certificate from files")
    func mutual() throws {
        let tls = try #require(
            world(policy("mode: MUTUAL, clientCertificate: /c.pem, privateKey: /k.pem")).tls())
        #expect(tls.identity == .files(certificate: "/c.pem", key: "/k.pem"))
        #expect(tls.trust == .system)
    }

    @Test(
        "credentialName is a Secret of the proxy's namespace, then of the rule's",
        arguments: [("istio-system", "istio-system"), ("default", "default")])
    func secret(_ namespace: String, _ found: String) throws {
        let secret = """
            kind: Secret
            metadata: {name: client, namespace: \(namespace)}
            stringData: {tls.crt: c, tls.key: k, ca.crt: r}
            """
        let world = world(policy("mode: MUTUAL, credentialName: client"), extra: secret)
        let tls = try #require(world.tls())
        #expect(tls.identity == .secret(namespace: found, name: "client"))
        #expect(tls.trust == .secret(namespace: found, name: "client"))
        let simple = self.world(policy("mode: SIMPLE, credentialName: client"), extra: secret)
        #expect(simple.tls()?.identity == nil)
        #expect(simple.tls()?.trust == .secret(namespace: found, name: "client"))
    }

    @Test("a Secret that is not there is told, and nothing goes out in plain text for it")
    func missingSecret() {
        let world = world(policy("mode: MUTUAL, credentialName: client"))
        #expect(
            world.says("there is no Secret istio-system/client", "DestinationRule default/dr"))
        #expect(
            world.tls()?.identity == .secret(namespace: "istio-system", name: "client"))
    }

    @Test("ISTIO_MUTUAL is mutual TLS of the mesh for every endpoint, labelled or not")
    func meshMutual() throws {
        let tls = try #require(
            world(policy("mode: ISTIO_MUTUAL"), service: Piece.meshed("a", label: nil)).tls())
        #expect(tls.isMeshMutual && tls.identity == .workload)
        #expect(tls.serverName == "outbound_.80_._.a.default.svc.cluster.local")
        #expect(tls.subjectAltNames == ["spiffe://cluster.local/ns/default/sa/a-account"])
        #expect(tls.origin.object.kind == "DestinationRule")
    }

    @Test("ISTIO_MUTUAL takes SNI and names that are written")
    func meshMutualInFull() throws {
        let tls = try #require(
            world(policy("mode: ISTIO_MUTUAL, sni: b, subjectAltNames: ['spiffe://x/ns/a/sa/b']"))
                .tls())
        #expect(tls.serverName == "b")
        #expect(tls.subjectAltNames == ["spiffe://x/ns/a/sa/b"])
    }

    @Test("ISTIO_MUTUAL without an identity is kept, fails, and is told")
    func meshMutualWithoutIdentity() {
        let world = world(policy("mode: ISTIO_MUTUAL"), node: Node())
        #expect(world.tls()?.isMeshMutual == true)
        #expect(world.says("ISTIO_MUTUAL", "this proxy has no identity", "503 UF"))
    }

    @Test("names of a ServiceEntry are expected where the rule names none")
    func entryNames() {
        let entry = """
            kind: ServiceEntry
            metadata: {name: a}
            spec:
              hosts: [a.example.com]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              subjectAltNames: [from-entry]
              endpoints: [{address: 10.0.0.1}]
            """
        for (names, expected) in [("", ["from-entry"]), (", subjectAltNames: [r]", ["r"])] {
            let world = World(
                Piece.gateway(), entry,
                Piece.destinationRule(
                    "host: a.example.com\ntrafficPolicy: {tls: {mode: SIMPLE\(names)}}"),
                Piece.virtualService(http: Piece.to("a.example.com")))
            #expect(world.tls("outbound|80||a.example.com")?.subjectAltNames == expected)
        }
    }

    // MARK: - Whose word counts

    private static let subsets =
        "subsets: [{name: v1, trafficPolicy: {tls: {mode: SIMPLE, sni: v1}}}]"

    @Test("a subset's tls comes before the rule's, and other blocks leave the rule's alone")
    func subsetFirst() {
        let world = world(policy("mode: SIMPLE, sni: top") + "\n" + Self.subsets)
        #expect(world.tls()?.serverName == "top")
        #expect(world.tls(Self.subset)?.serverName == "v1")
        let other = self.world(
            policy("mode: SIMPLE, sni: top")
                + "\nsubsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]")
        #expect(other.tls(Self.subset)?.serverName == "top")
    }

    @Test("a port's tls comes before that for all ports")
    func portFirst() {
        let world = world(
            """
            trafficPolicy:
              tls: {mode: SIMPLE, sni: top}
              portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE, sni: port}}]
            subsets: [{name: v1}]
            """)
        #expect(world.tls()?.serverName == "port")
        #expect(world.tls(Self.subset)?.serverName == "port")
    }

    @Test(
        "settings of a port without tls leave it to auto mTLS, which the rule's mode decides about",
        arguments: [("ISTIO_MUTUAL", true), ("DISABLE", false), ("SIMPLE", false)])
    func inferred(_ mode: String, _ isMutual: Bool) {
        let world = world(
            """
            trafficPolicy:
              tls: {mode: \(mode)}
              portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]
            subsets: [{name: v1}]
            """)
        #expect((world.tls()?.isMeshMutual == true) == isMutual)
        #expect((world.tls() == nil) == !isMutual)
    }

    // MARK: - HTTP/2

    private func upstream(
        _ portName: String, _ pool: String = "", node: Node = MeshWorld.gateway,
        appProtocol: String = ""
    ) -> Cluster.UpstreamProtocol? {
        let app = appProtocol.isEmpty ? "" : ", appProtocol: \(appProtocol)"
        return world(
            (pool.isEmpty ? "" : "trafficPolicy: {connectionPool: {http: {\(pool)}}}\n")
                + "subsets: [{name: v1}]",
            service: Piece.meshed("a", ports: "{name: \(portName), port: 80\(app)}"), node: node
        ).cluster(Piece.a)?.upstreamProtocol
    }

    @Test(
        "what a port declares is what is spoken",
        arguments: [
            ("http", "", Cluster.UpstreamProtocol.http1), ("http2", "", .http2),
            ("grpc-api", "", .http2), ("grpc-web", "", .http2),
            ("web", "kubernetes.io/h2c", .http2),
            ("http", "h2c", .http2), ("web", "grpc", .http2), ("grpc", "http", .http1),
            ("http", "kubernetes.io/ws", .http1), ("web", "", .http1),
        ])
    func declared(_ name: String, _ appProtocol: String, _ expected: Cluster.UpstreamProtocol) {
        #expect(upstream(name, appProtocol: appProtocol) == expected)
    }

    @Test("h2UpgradePolicy: UPGRADE asks HTTP ports for HTTP/2, and no others")
    func upgrade() {
        #expect(upstream("http", "h2UpgradePolicy: UPGRADE") == .http2)
        #expect(upstream("web", "h2UpgradePolicy: UPGRADE") == .http1)
        #expect(upstream("http", "h2UpgradePolicy: DO_NOT_UPGRADE") == .http1)
        #expect(upstream("http2", "h2UpgradePolicy: DO_NOT_UPGRADE") == .http2)
    }

    @Test("useClientProtocol speaks as the client did")
    func asClient() {
        #expect(upstream("http", "useClientProtocol: true") == .asClient)
        #expect(upstream("grpc", "useClientProtocol: true") == .asClient)
    }
}
