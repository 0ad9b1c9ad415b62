// What `explain` says of https: which server takes the name, with which certificate, and why not.
import Mesh
import Spec
import Testing

@Suite struct ExplainTLSTests {
    private static let world = World(
        """
        kind: Gateway
        metadata: {name: gw}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: a, protocol: HTTPS}
            hosts: [a.com]
            tls: {mode: SIMPLE, credentialName: web}
          - port: {number: 443, name: b, protocol: HTTPS}
            hosts: [b.com]
            tls: {mode: MUTUAL, credentialName: gone}
          - port: {number: 443, name: p, protocol: TLS}
            hosts: [p.com]
            tls: {mode: PASSTHROUGH}
          - port: {number: 80, name: plain, protocol: HTTP}
            hosts: ["*"]
        """,
        """
        kind: Secret
        metadata: {name: web, namespace: istio-system}
        stringData: {tls.crt: a, tls.key: b}
        """,
        Piece.served("a"), Piece.virtualService(hosts: "a.com, b.com", http: Piece.to("a")),
        """
        kind: VirtualService
        metadata: {name: pass}
        spec:
          hosts: [p.com]
          gateways: [gw]
          tls: [{match: [{sniHosts: [p.com]}], route: [{destination: {host: a}}]}]
        """)

    private static func explain(
        _ url: String, headers: [(name: String, value: String)] = []
    ) throws -> Explanation {
        let request = try ExplainRequest(url: url, headers: headers)
        return Mesh.explain(
            request, snapshot: world.snapshot, objects: world.objects, node: world.node)
    }

    @Test("the server, the certificate and the rule are named")
    func served() throws {
        let answer = try Self.explain("https://a.com/x")
        #expect(answer.outcome == .forwarded)
        #expect(answer.chain?.title == "https.443.a.gw.default (a.com)")
        #expect(answer.steps[0].hasPrefix("certificate from Secret istio-system/web  world.yaml:"))
        #expect(answer.description.contains("server        https.443.a.gw.default (a.com)"))
    }

    @Test("a certificate that is missing is said to be so, and that clients need one")
    func missing() throws {
        let answer = try Self.explain("https://b.com/")
        #expect(
            answer.steps == [
                "certificate from Secret istio-system/gone, which does not exist: the handshake "
                    + "fails", "a client certificate is required",
            ])
    }

    @Test("a server name that nobody takes ends the connection", arguments: ["c.com", "10.0.0.1"])
    func unknown(_ host: String) throws {
        let answer = try Self.explain("https://\(host)/")
        #expect(answer.outcome == .noFilterChain)
        #expect(answer.tried.first?.reasons.first?.contains("a.com, b.com, p.com") == true)
    }

    @Test("another server's authority behind this server name is a 421")
    func misdirected() throws {
        let answer = try Self.explain("https://a.com/", headers: [("Host", "b.com")])
        #expect(answer.outcome == .misdirected)
        #expect(answer.hints.contains { $0.contains("https.443.b.gw.default") })
        let nobody = try Self.explain("https://a.com/", headers: [("Host", "c.com")])
        #expect(nobody.outcome == .noVirtualHost)
    }

    @Test("passthrough shows where the connection goes")
    func passthrough() throws {
        let answer = try Self.explain("https://p.com/")
        #expect(answer.outcome == .passedThrough)
        #expect(answer.destinations.map(\.cluster) == [Piece.a])
        #expect(answer.destinations.first?.endpoints.map(\.address) == ["10.0.0.1:80"])
    }

    @Test("http on the TLS port and https on the plain one are told apart")
    func wrongScheme() throws {
        let plain = try Self.explain("http://a.com:443/")
        #expect(plain.outcome == .noListener)
        #expect(plain.hints.contains { $0.contains("ask for https://") })
        let secure = try Self.explain("https://a.com:80/")
        #expect(secure.outcome == .noListener)
        #expect(secure.hints.contains { $0.contains("ask for http://") })
    }
}
