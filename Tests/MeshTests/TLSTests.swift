// TLS listeners: one chain a server with routes of its own, passthrough by server name, and what is
// said about servers that cannot be served as written.
import Mesh
import Spec
import Testing

@Suite struct TLSTests {
    private static func server(
        _ name: String, hosts: String, protocolName: String = "HTTPS", port: Int = 443,
        tls: String = "{mode: SIMPLE, credentialName: web}"
    ) -> String {
        """
        - port: {number: \(port), name: \(name), protocol: \(protocolName)}
          hosts: [\(hosts)]
          tls: \(tls)
        """
    }

    private static func gateway(
        _ servers: String..., name: String = "gw", namespace: String = "default"
    ) -> String {
        """
        kind: Gateway
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          selector: {istio: ingressgateway}
          servers:
        \(servers.joined(separator: "\n").indented(2))
        """
    }

    private static func secret(_ name: String = "web", namespace: String = "istio-system") -> String
    {
        """
        kind: Secret
        metadata: {name: \(name), namespace: \(namespace)}
        stringData: {tls.crt: a, tls.key: b}
        """
    }

    private static func passing(
        _ rules: String, hosts: String, name: String = "pass", gateways: String = "gw"
    ) -> String {
        """
        kind: VirtualService
        metadata: {name: \(name)}
        spec:
          hosts: [\(hosts)]
          gateways: [\(gateways)]
          tls:
        \(rules.indented(2))
        """
    }

    private static func sni(_ names: String, to host: String, port: Int = 443) -> String {
        """
        - match: [{port: \(port), sniHosts: [\(names)]}]
          route: [{destination: {host: \(host)}}]
        """
    }

    // MARK: - Chains

    @Test("every HTTPS server has a chain with a name as Istio's and routes of its own")
    func chains() throws {
        let world = World(
            Self.gateway(
                Self.server("https-a", hosts: "a.com"),
                Self.server("https-b", hosts: "b.com, '*.b.com'")),
            Self.secret(), Piece.served("a"), Piece.served("b"),
            Piece.virtualService("va", hosts: "a.com", http: Piece.to("a")),
            Piece.virtualService("vb", hosts: "b.com, x.b.com", http: Piece.to("b")))
        let chains = try #require(world.chains(443))
        #expect(
            chains.map(\.name) == ["https.443.https-a.gw.default", "https.443.https-b.gw.default"])
        #expect(chains.map(\.serverNames) == [["a.com"], ["b.com", "*.b.com"]])
        let tables = world.listener(443)?.tables ?? []
        #expect(tables.map(\.name) == chains.map(\.name))
        #expect(tables[0].find("a.com") != nil)
        #expect(tables[0].find("b.com") == nil)
        #expect(tables[1].find("x.b.com:443") != nil)
        #expect(tables[1].find("a.com") == nil)
        #expect(world.diagnostics.isEmpty)
    }

    @Test("servers of several Gateways share a TLS port, and a namespace before a host is no name")
    func severalGateways() throws {
        let world = World(
            Self.gateway(Self.server("https", hosts: "A.com"), name: "one"),
            Self.gateway(Self.server("https", hosts: "default/b.com"), name: "two"),
            Self.secret())
        #expect(world.snapshot.routing.listeners.count == 1)
        #expect(world.chains(443)?.map(\.serverNames) == [["a.com"], ["b.com"]])
    }

    @Test("a host that is served already leaves the later server out, whole")
    func claimedHost() {
        let world = World(
            Self.gateway(Self.server("https", hosts: "a.com"), name: "one"),
            Self.gateway(Self.server("https", hosts: "b.com, a.com"), name: "two"),
            Self.secret())
        #expect(world.chains(443)?.map(\.serverNames) == [["a.com"]])
        #expect(world.says("Gateway default/two", "a.com on port 443", "Gateway default/one"))
    }

    @Test("the same host on another port is another server")
    func otherPort() {
        let world = World(
            Self.gateway(
                Self.server("https", hosts: "a.com"),
                Self.server("https2", hosts: "a.com", port: 8443)),
            Self.secret())
        #expect(world.chains(443)?.count == 1)
        #expect(world.chains(8443)?.count == 1)
        #expect(world.warnings.isEmpty)
    }

    @Test("protocol TLS ends at the gateway and goes on by tcp rules")
    func tcpInside() throws {
        let tcp = "tcp: [{match: [{port: 443}], route: [{destination: {host: a}}]}]"
        let world = World(
            Self.gateway(Self.server("tls", hosts: "a.com", protocolName: "TLS")), Self.secret(),
            Piece.served("a"),
            """
            kind: VirtualService
            metadata: {name: raw}
            spec:
              hosts: [a.com]
              gateways: [gw]
            \(tcp.indented(2))
            """)
        guard case .terminateTCP(_, let route?) = world.chains(443)?.first?.handling else {
            Issue.record("no chain that ends TLS")
            return
        }
        #expect(route.destinations.map(\.clusterName) == [Piece.a])
        #expect(world.chains(443)?.first?.name == "tls.443.tls.gw.default")
    }

    @Test("protocol TLS without a tcp rule is closed and said to be so")
    func tcpMissing() {
        let world = World(
            Self.gateway(Self.server("tls", hosts: "a.com", protocolName: "TLS")), Self.secret())
        #expect(world.says("no tcp rule applies"))
    }

    // MARK: - Passthrough

    @Test("passthrough has one chain a match, in order, with weights")
    func passthrough() throws {
        let weighted = """
            - match: [{sniHosts: [c.com]}]
              route:
              - {destination: {host: a}, weight: 80}
              - {destination: {host: b}, weight: 20}
            """
        let world = World(
            Self.gateway(Self.server("pass", hosts: "'*.com'", tls: "{mode: PASSTHROUGH}")),
            Piece.served("a"), Piece.served("b"),
            Self.passing(
                Self.sni("a.com, B.com", to: "a") + "\n" + weighted, hosts: "a.com, b.com, c.com"))
        let chains = try #require(world.chains(443))
        #expect(chains.map(\.serverNames) == [["a.com", "b.com"], ["c.com"]])
        #expect(Set(chains.map(\.name)).count == 2)
        guard case .passthrough(let route) = chains[1].handling else {
            Issue.record("not passed through")
            return
        }
        #expect(route.destinations.map(\.weight) == [80, 20])
        #expect(world.warnings.map(\.message) == [])
    }

    @Test("a tls rule for another port or Gateway does not apply")
    func passthroughConditions() {
        let other = """
            - match: [{gateways: [else], sniHosts: [a.com]}]
              route: [{destination: {host: a}}]
            """
        let world = World(
            Self.gateway(Self.server("pass", hosts: "a.com", tls: "{mode: PASSTHROUGH}")),
            Piece.served("a"),
            Self.passing(
                Self.sni("a.com", to: "a", port: 8443) + "\n" + other, hosts: "a.com"))
        #expect(world.chains(443)?.isEmpty == true)
        #expect(world.says("no tls rule applies"))
    }

    @Test("a server name that goes somewhere already stays there")
    func duplicateName() {
        let world = World(
            Self.gateway(Self.server("pass", hosts: "'*.com'", tls: "{mode: PASSTHROUGH}")),
            Piece.served("a"), Piece.served("b"),
            Self.passing(Self.sni("x.com", to: "a"), hosts: "x.com", name: "one"),
            Self.passing(Self.sni("y.com, x.com", to: "b"), hosts: "x.com, y.com", name: "two"))
        #expect(world.chains(443)?.map(\.serverNames) == [["x.com"], ["y.com"]])
        #expect(world.says("VirtualService default/two", "x.com goes to", "default/one"))
    }

    @Test("a server name whose TLS ends here is not passed through as well")
    func terminatedName() {
        let world = World(
            Self.gateway(
                Self.server("pass", hosts: "'*.com'", tls: "{mode: PASSTHROUGH}"),
                Self.server("end", hosts: "a.com")),
            Self.secret(), Piece.served("a"),
            Self.passing(Self.sni("a.com, b.com", to: "a"), hosts: "a.com, b.com"))
        #expect(world.chains(443)?.map(\.serverNames) == [["b.com"], ["a.com"]])
        #expect(world.says("a.com goes to Gateway default/gw"))
    }

    @Test("tls without a mode is passthrough, and http rules on it are told what they lack")
    func zeroMode() {
        let world = World(
            Self.gateway(Self.server("https", hosts: "a.com", tls: "{credentialName: web}")),
            Self.secret(), Piece.served("a"),
            Piece.virtualService(hosts: "a.com", http: Piece.to("a")))
        #expect(world.chains(443)?.isEmpty == true)
        #expect(world.says("no tls rule applies", "mode: SIMPLE"))
    }

    // MARK: - Terminations

    private static func termination(_ tls: String, _ more: String...) throws -> TLSTermination {
        let world = World(
            ObjectSet(
                ParsedFile(
                    reading: Array(
                        ([gateway(server("https", hosts: "a.com", tls: tls))] + more).map {
                            $0.contains("kind: Secret")
                                ? "apiVersion: v1\n\($0)"
                                : "apiVersion: networking.istio.io/v1\n\($0)"
                        }.joined(separator: "\n---\n").utf8), file: "w.yaml"
                ).objects))
        guard case .terminateHTTP(let termination, _) = world.chains(443)?.first?.handling else {
            throw Missing()
        }
        return termination
    }

    private struct Missing: Error {}

    @Test("defaults are TLS 1.2 to 1.3, every suite, no client certificate")
    func defaults() throws {
        let tls = try Self.termination("{mode: SIMPLE, credentialName: web}", Self.secret())
        #expect(tls.credentials == [.secret(namespace: "istio-system", name: "web")])
        #expect(tls.minVersion == 0x0303)
        #expect(tls.maxVersion == 0x0304)
        #expect(tls.cipherSuites == [])
        #expect(tls.clientCertificates == .ignored)
    }

    @Test(
        "versions are numbers of the wire, and a lower highest one lowers the lowest",
        arguments: [
            ("minProtocolVersion: TLSV1_3", 0x0304, 0x0304),
            ("maxProtocolVersion: TLSV1_2", 0x0303, 0x0303),
            ("maxProtocolVersion: TLSV1_1", 0x0302, 0x0302),
            ("minProtocolVersion: TLSV1_0, maxProtocolVersion: TLSV1_2", 0x0301, 0x0303),
            ("minProtocolVersion: TLS_AUTO", 0x0303, 0x0304),
        ] as [(String, UInt16, UInt16)])
    func versions(_ fields: String, _ lowest: UInt16, _ highest: UInt16) throws {
        let tls = try Self.termination("{mode: SIMPLE, credentialName: web, \(fields)}")
        #expect(tls.minVersion == lowest)
        #expect(tls.maxVersion == highest)
    }

    @Test("unknown and repeated cipher suites are dropped")
    func suites() throws {
        let tls = try Self.termination(
            "{mode: SIMPLE, credentialName: web, "
                + "cipherSuites: [AES128-SHA, NOPE, AES128-SHA, ECDHE-RSA-AES256-SHA]}")
        #expect(tls.cipherSuites == ["AES128-SHA", "ECDHE-RSA-AES256-SHA"])
    }

    @Test("client checks act with MUTUAL, and fingerprints lose colons and capitals")
    func clients() throws {
        let hash = Array(repeating: "AB", count: 32).joined(separator: ":")
        let fields =
            "subjectAltNames: [x], verifyCertificateHash: ['\(hash)'], insecureSkipVerify: true"
        let mutual = try Self.termination("{mode: MUTUAL, credentialName: web, \(fields)}")
        #expect(mutual.clientCertificates == .required)
        #expect(mutual.subjectAltNames == ["x"])
        #expect(mutual.certificatePins == [String(repeating: "ab", count: 32)])
        #expect(mutual.skipsVerification)
        let simple = try Self.termination("{mode: SIMPLE, credentialName: web, \(fields)}")
        #expect(simple.subjectAltNames.isEmpty)
        #expect(simple.certificatePins.isEmpty)
        #expect(!simple.skipsVerification)
        let optional = try Self.termination("{mode: OPTIONAL_MUTUAL, credentialName: web}")
        #expect(optional.clientCertificates == .optional)
    }

    @Test("files, pairs of files and a CA of its own are kept as they are named")
    func sources() throws {
        let files = try Self.termination(
            "{mode: MUTUAL, serverCertificate: /c, privateKey: /k, caCertificates: /ca, caCrl: /l}")
        #expect(files.credentials == [.files(certificate: "/c", key: "/k")])
        #expect(files.clientCAFile == "/ca")
        #expect(files.revocationFile == "/l")
        let pairs = try Self.termination(
            "{mode: SIMPLE, tlsCertificates: [{serverCertificate: /c, privateKey: /k}, "
                + "{serverCertificate: /d, privateKey: /l}]}")
        #expect(pairs.credentials.count == 2)
        let own = try Self.termination(
            "{mode: MUTUAL, credentialNames: [web, rsa], caCertCredentialName: ca}",
            Self.secret("ca", namespace: "default"))
        #expect(own.credentials.count == 2)
        #expect(own.clientCA == .secret(namespace: "default", name: "ca"))
    }

    // MARK: - Secrets

    @Test("the gateway's namespace comes first, the Gateway's own second")
    func namespaces() throws {
        let both = try Self.termination(
            "{mode: SIMPLE, credentialName: web}", Self.secret(), Self.secret(namespace: "default"))
        #expect(both.credentials == [.secret(namespace: "istio-system", name: "web")])
        let second = try Self.termination(
            "{mode: SIMPLE, credentialName: web}", Self.secret(namespace: "default"))
        #expect(second.credentials == [.secret(namespace: "default", name: "web")])
        let named = try Self.termination(
            "{mode: SIMPLE, credentialName: 'kubernetes-gateway://shop/web'}", Self.secret(),
            Self.secret(namespace: "shop"))
        #expect(named.credentials == [.secret(namespace: "shop", name: "web")])
    }

    @Test(
        "a missing Secret is named, with where it was meant",
        arguments: [
            ("web", Self.secret("wbe"), "did you mean istio-system/wbe?"),
            ("web", Self.secret(namespace: "other"), "there is other/web"),
            ("web", "", "in namespace istio-system or default"),
            ("sds://web", "", "means nothing outside of Kubernetes"),
        ])
    func missing(_ name: String, _ secret: String, _ words: String) {
        let gateway = Self.gateway(
            Self.server("https", hosts: "a.com", tls: "{mode: SIMPLE, credentialName: '\(name)'}"))
        let world = secret.isEmpty ? World(gateway) : World(gateway, secret)
        #expect(world.says("spec.servers[0].tls.credentialName", words))
        #expect(world.chains(443)?.count == 1)
    }

    @Test("a Secret that comes makes new routes, one whose content changes does not")
    func reuse() {
        let gateway = Self.gateway(Self.server("https", hosts: "a.com"))
        let first = World(gateway)
        #expect(first.says("there is no Secret istio-system/web"))
        let objects = ObjectSet(first.objects.gateways + World(Self.secret()).objects.secrets)
        let second = World(objects, previous: first.snapshot)
        #expect(second.snapshot.routing !== first.snapshot.routing)
        #expect(second.diagnostics.isEmpty)
        let changed = World(Self.secret().replacing("tls.key: b", with: "tls.key: c")).objects
        let third = World(
            ObjectSet(first.objects.gateways + changed.secrets), previous: second.snapshot)
        #expect(third.snapshot.routing === second.snapshot.routing)
        #expect(SnapshotDifference(from: second.snapshot, to: third.snapshot).isEmpty)
    }

    @Test("what a TLS server changed is told as such")
    func difference() {
        let first = World(Self.gateway(Self.server("https", hosts: "a.com")), Self.secret())
        let same = World(Self.gateway(Self.server("https", hosts: "a.com")), Self.secret())
        #expect(SnapshotDifference(from: first.snapshot, to: same.snapshot).isEmpty)
        let stricter = World(
            Self.gateway(
                Self.server(
                    "https", hosts: "a.com", tls: "{mode: MUTUAL, credentialName: web}")),
            Self.secret())
        let difference = SnapshotDifference(from: first.snapshot, to: stricter.snapshot)
        #expect(difference.listeners.changed == ["0.0.0.0_443"])
    }

    @Test("no dump holds what is in a Secret")
    func dumps() {
        let world = World(
            Self.gateway(Self.server("https", hosts: "a.com")),
            Self.secret().replacing("tls.key: b", with: "tls.key: hunter2"))
        let json = String(decoding: world.snapshot.json(), as: UTF8.self)
        let text = SnapshotText.render(world.snapshot)
        #expect(!json.contains("hunter2"))
        #expect(!text.contains("hunter2"))
        #expect(json.contains("Secret istio-system\\/web") || json.contains("istio-system/web"))
        #expect(text.contains("certificate from Secret istio-system/web, TLS 1.2 to 1.3"))
    }
}

extension World {
    func chains(_ port: UInt16) -> [FilterChain]? {
        guard case .tls(let chains) = listener(port)?.kind else { return nil }
        return chains
    }
}
