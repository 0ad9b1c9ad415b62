// What CONNECT may reach through a sidecar that is a forward proxy: declared ports of known hosts.
import Mesh
import Spec
import Testing

@Suite struct ForwardProxyTests {
    private static let strict = Piece.sidecar(
        "egress: [{hosts: ['*/*']}]\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}")

    private func explain(
        _ url: String, _ documents: String..., node: Node = MeshWorld.sidecar()
    ) throws -> Explanation {
        let world = World(Piece.caller, documents.joined(separator: "\n---\n"), node: node)
        let request = try ExplainRequest(url: url)
        return Mesh.explain(
            request, snapshot: world.snapshot, objects: world.objects, node: node)
    }

    private func entry(_ host: String, port: Int = 443, protocolName: String = "TLS") -> String {
        """
        kind: ServiceEntry
        metadata: {name: \(host.replacing(".", with: "-").replacing("*", with: "wild"))}
        spec:
          hosts: ['\(host)']
          resolution: STATIC
          ports: [{number: \(port), name: main, protocol: \(protocolName)}]
          endpoints: [{address: 10.0.0.9}]
        """
    }

    @Test("https goes by CONNECT to the declared port of a known host, and of no other")
    func known() throws {
        let books = entry("books.example.com")
        let explanation = try explain("https://books.example.com/isbn", books)
        #expect(explanation.outcome == .forwarded)
        #expect(explanation.destinations.map(\.cluster) == ["outbound|443||books.example.com"])
        #expect("\(explanation)".contains("CONNECT books.example.com:443"))
        for url in ["https://books.example.com:8443/", "https://other.example.com/"] {
            let any = try explain(url, books).destinations.map(\.cluster)
            #expect(any == ["PassthroughCluster"], "\(url)")
            let answer = try explain(url, books, Self.strict)
            #expect(answer.outcome == .unknownHost(status: 502), "\(url)")
        }
    }

    @Test("a wildcard host takes the names under it")
    func wild() throws {
        let explanation = try explain("https://en.wikipedia.org/", entry("*.wikipedia.org"))
        #expect(explanation.destinations.map(\.cluster) == ["outbound|443||*.wikipedia.org"])
    }

    @Test("a port of HTTP is not reached by a tunnel: the rules for HTTP would not see into it")
    func http() throws {
        let web = entry("web.example.com", port: 80, protocolName: "HTTP")
        let explanation = try explain("https://web.example.com:80/", web)
        guard case .answered(let status, _) = explanation.outcome else {
            Issue.record("\(explanation)")
            return
        }
        #expect(status == 403)
    }

    @Test(
        "rules of the mesh for server names and for bytes decide where a tunnel goes",
        arguments: [
            ("tls", "match: [{port: 443, sniHosts: [books.example.com]}]", "way.example.com"),
            ("tls", "match: [{port: 444, sniHosts: [books.example.com]}]", "books.example.com"),
            ("tcp", "match: [{port: 443}]", "way.example.com"),
            ("tcp", "match: [{port: 443, sourceLabels: {app: nobody}}]", "books.example.com"),
        ])
    func rules(_ kind: String, _ match: String, _ host: String) throws {
        let rule = """
            kind: VirtualService
            metadata: {name: books}
            spec:
              hosts: [books.example.com]
              \(kind):
              - \(match)
                route: [{destination: {host: way.example.com, port: {number: 443}}}]
            """
        let explanation = try explain(
            "https://books.example.com/", entry("books.example.com"), entry("way.example.com"),
            rule)
        #expect(explanation.destinations.map(\.cluster) == ["outbound|443||\(host)"])
    }

    @Test("names that rules of the mesh for TLS alone know are reached on the ports of the rules")
    func ruledNames() throws {
        let rule = """
            kind: VirtualService
            metadata: {name: wiki}
            spec:
              hosts: ['*.wikipedia.org']
              gateways: [mesh, istio-system/egress]
              tls:
              - match: [{gateways: [mesh], port: 8443, sniHosts: ['*.wikipedia.org']}]
                route: [{destination: {host: way.example.com, port: {number: 443}}}]
              - match: [{gateways: [istio-system/egress], port: 443, sniHosts: ['*.wikipedia.org']}]
                route: [{destination: {host: way.example.com, port: {number: 443}}}]
            """
        let way = entry("way.example.com")
        let known = try explain("https://en.wikipedia.org:8443/", way, rule)
        #expect(known.destinations.map(\.cluster) == ["outbound|443||way.example.com"])
        for url in ["https://en.wikipedia.org/", "https://wikipedia.org:8443/"] {
            let answer = try explain(url, way, rule, Self.strict)
            #expect(answer.outcome == .unknownHost(status: 502), "\(url)")
        }
    }

    @Test("a listener for one port is no forward proxy")
    func onePort() throws {
        let explanation = try explain(
            "https://books.example.com/", entry("books.example.com"), Piece.egress(80))
        #expect(explanation.outcome == .noListener)
    }
}
