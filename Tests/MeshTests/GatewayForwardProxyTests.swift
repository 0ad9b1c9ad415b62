// A Gateway's server of protocol HTTP_PROXY: what a forward proxy without a workload may reach.
import Mesh
import Spec
import Testing

@Suite("forward proxies of gateways")
struct GatewayForwardProxyTests {
    private static func gateway(_ hosts: String = "'*'") -> String {
        """
        kind: Gateway
        metadata: {name: out}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 3128, name: proxy, protocol: HTTP_PROXY}, hosts: [\(hosts)]}]
        """
    }

    private static func entry(
        _ host: String, _ port: Int, _ protocolName: String, more: String = ""
    ) -> String {
        """
        kind: ServiceEntry
        metadata: {name: \(host.replacing(".", with: "-").replacing("*", with: "any"))}
        spec:
          hosts: ['\(host)']
          resolution: STATIC
          ports: [{number: \(port), name: main, protocol: \(protocolName)}]
          endpoints: [{address: 10.0.0.9}]
          \(more)
        """
    }

    /// What the first way to a host is; its others are to its other ports.
    private func tunnel(_ world: World, to host: String) throws -> RouteAction {
        let table = try #require(world.listener(3128)?.connect)
        let bytes = Array(host.utf8)
        return try #require(table.virtualHost(for: bytes.span)?.routes.first?.action)
    }

    private func clusters(_ action: RouteAction) -> [String] {
        guard case .forward(let forward) = action else { return [] }
        return forward.destinations.map(\.clusterName)
    }

    private func refusal(_ action: RouteAction?) throws -> DirectResponse {
        guard case .direct(let answer) = action else { throw Unexpected() }
        return answer
    }

    private struct Unexpected: Error {}

    @Test("an explanation says that it is the gateway which does not know a host")
    func strangers() throws {
        let world = World(Self.gateway(), Self.entry("web.test", 80, "HTTP"))
        for url in ["http://other.test/", "https://other.test/"] {
            let answer = Mesh.explain(
                try ExplainRequest(url: url), snapshot: world.snapshot, objects: world.objects,
                node: world.node)
            #expect(answer.outcome == .unknownHost(status: 502))
            #expect("\(answer)".contains("502: this gateway knows no such host"), "\(answer)")
        }
    }

    @Test("hosts that entries describe are reached, on the ports and by the speech they declare")
    func known() throws {
        let world = World(
            Self.gateway(), Self.entry("web.test", 80, "HTTP"),
            Self.entry("books.test", 443, "TLS"))
        #expect(world.warnings.isEmpty, "\(world.warnings)")
        let listener = try #require(world.listener(3128))
        #expect(listener.direction == .gateway)
        #expect(world.clusters(host: "web.test", port: 3128) == ["outbound|80||web.test"])
        #expect(world.clusters(host: "web.test:81", port: 3128).isEmpty)
        #expect(clusters(try tunnel(world, to: "books.test:443")) == ["outbound|443||books.test"])
        #expect(try refusal(tunnel(world, to: "web.test:80")).status == 403)
    }

    @Test("what nothing describes is refused, whatever a sidecar would do")
    func unknown() throws {
        let world = World(Self.gateway(), Self.entry("web.test", 80, "HTTP"))
        for action in [
            world.route(host: "other.test", port: 3128)?.action,
            try tunnel(world, to: "other.test:443"),
        ] {
            let answer = try refusal(action)
            #expect(answer.status == 502 && answer.refuses == .host)
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.contains("Gateway default/out") && text.contains("ServiceEntry"))
        }
        #expect(world.snapshot.clusters.allSatisfy { $0.dynamic == nil })
    }

    @Test("the server's hosts narrow what is reached, and so does exportTo")
    func narrowed() throws {
        let entries = [
            Self.entry("a.shop.test", 80, "HTTP"), Self.entry("b.test", 80, "HTTP"),
            Self.entry("c.shop.test", 80, "HTTP", more: "exportTo: ['.']"),
        ].joined(separator: "\n---\n")
        let world = World(Self.gateway("'*.shop.test'"), entries)
        #expect(world.clusters(host: "a.shop.test", port: 3128) == ["outbound|80||a.shop.test"])
        for host in ["b.test", "c.shop.test"] {
            #expect(world.clusters(host: host, port: 3128).isEmpty, "\(host)")
        }
    }

    @Test("rules bound to the Gateway decide where calls go, and those of the mesh do not")
    func ruled() throws {
        let rules = """
            kind: VirtualService
            metadata: {name: web}
            spec:
              hosts: [web.test]
              gateways: [out, mesh]
              http:
              - match: [{gateways: [out], port: 80}]
                route: [{destination: {host: way.test, port: {number: 80}}}]
              - route: [{destination: {host: web.test, port: {number: 80}}}]
            ---
            kind: VirtualService
            metadata: {name: books}
            spec:
              hosts: [books.test]
              gateways: [out]
              tls:
              - match: [{port: 443, sniHosts: [books.test]}]
                route: [{destination: {host: way.test, port: {number: 443}}}]
            ---
            kind: VirtualService
            metadata: {name: plain}
            spec:
              hosts: [plain.test]
              http: [{route: [{destination: {host: way.test, port: {number: 80}}}]}]
            """
        let way = """
            kind: ServiceEntry
            metadata: {name: way}
            spec:
              hosts: [way.test]
              resolution: STATIC
              ports:
              - {number: 80, name: http, protocol: HTTP}
              - {number: 443, name: tls, protocol: TLS}
              endpoints: [{address: 10.0.0.8}]
            """
        let world = World(
            Self.gateway(), rules, way, Self.entry("web.test", 80, "HTTP"),
            Self.entry("books.test", 443, "TLS"), Self.entry("plain.test", 80, "HTTP"))
        #expect(world.clusters(host: "web.test", port: 3128) == ["outbound|80||way.test"])
        #expect(world.clusters(host: "plain.test", port: 3128) == ["outbound|80||plain.test"])
        #expect(clusters(try tunnel(world, to: "books.test:443")) == ["outbound|443||way.test"])
    }

    @Test("names of a DYNAMIC_DNS wildcard are reached both ways")
    func wild() throws {
        let apps = """
            kind: ServiceEntry
            metadata: {name: apps}
            spec:
              hosts: ["*.app.test"]
              resolution: DYNAMIC_DNS
              ports:
              - {number: 80, name: http, protocol: HTTP}
              - {number: 443, name: tls, protocol: TLS}
            """
        let world = World(Self.gateway(), apps)
        #expect(world.clusters(host: "a.app.test", port: 3128) == ["outbound|80||*.app.test"])
        let table = try #require(world.listener(3128)?.connect)
        let host = Array("a.app.test:443".utf8)
        let routes = table.virtualHost(for: host.span)?.routes ?? []
        #expect(routes.contains { clusters($0.action) == ["outbound|443||*.app.test"] })
    }

    @Test("a port is a forward proxy or it is none")
    func conflict() {
        let other = """
            kind: Gateway
            metadata: {name: web}
            spec:
              selector: {istio: ingressgateway}
              servers: [{port: {number: 3128, name: http, protocol: HTTP}, hosts: ['*']}]
            """
        let world = World(Self.gateway(), other)
        #expect(world.says("port 3128 speaks HTTP_PROXY already"))
    }
}
