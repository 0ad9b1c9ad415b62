// What would become of a request, and why: the answers to silent 404s.
import Mesh
import Spec
import Testing

@Suite struct ExplainTests {
    private static func explain(
        _ world: World, _ url: String, method: String = "GET",
        headers: [(name: String, value: String)] = []
    ) throws -> Explanation {
        let request = try ExplainRequest(method: method, url: url, headers: headers)
        return Mesh.explain(
            request, snapshot: world.snapshot, objects: world.objects, node: world.node)
    }

    private static let bookinfo = World(
        Piece.gateway(hosts: "shop.example.com, \"*.test\""), Piece.served("a"), Piece.served("b"),
        Piece.virtualService(
            hosts: "\"*\"",
            http: """
                - match: [{uri: {exact: /login}}, {uri: {prefix: /static}}]
                  route: [{destination: {host: a}}]
                - match: [{uri: {prefix: /v1}, headers: {end-user: {exact: jason}}}]
                  rewrite: {uri: /}
                  route:
                  - {destination: {host: a}, weight: 75}
                  - {destination: {host: b}, weight: 25, headers: {request: {set: {x: '1'}}}}
                - match: [{uri: {regex: '/api/v[0-9]'}}]
                  route: [{destination: {host: nope}}]
                - match: [{uri: {prefix: /old}}]
                  redirect: {uri: /new, authority: b.com, scheme: https, redirectCode: 302}
                - match: [{uri: {prefix: /direct}}]
                  directResponse: {status: 418, body: {string: teapot}}
                """))

    @Test("a request that is served shows listener, host, rule, shares, endpoints, with lines")
    func served() throws {
        let answer = try Self.explain(
            Self.bookinfo, "http://shop.example.com/v1/x?y=1", headers: [("End-User", "jason")])
        #expect(answer.outcome == .forwarded)
        #expect(answer.listener?.title == "0.0.0.0_80")
        #expect(answer.virtualHost?.title == "*.test:80 (*.test, shop.example.com)")
        #expect(answer.rule?.title == "VirtualService default/vs http[1].match[0]")
        #expect(answer.destinations.map(\.percent) == [75, 25])
        #expect(answer.destinations[0].endpoints.map(\.address) == ["10.0.0.1:80"])
        #expect(answer.destinations[1].steps == ["set the request header x to \"1\""])
        #expect(answer.steps == ["rewrite the path \"/v1/x\" to \"//x\""])
        #expect(answer.tried.count == 2)
        let lines = answer.destinations.compactMap { $0.location?.line }
        #expect(lines.count == 2)
        #expect(lines[0] + 1 == lines[1])
        let text = answer.description
        for part in [
            "GET http://shop.example.com/v1/x?y=1\n=> forwarded", "world.yaml:",
            "75% outbound|80||a",
            "-> 10.0.0.1:80  WorkloadEntry default/a-1 world.yaml:", "tried before:",
        ] { #expect(text.contains(part), "\(part) in \(text)") }
    }

    @Test("for a request nobody takes every rule says why it lost")
    func lost() throws {
        let answer = try Self.explain(
            Self.bookinfo, "http://shop.example.com/v1", headers: [("end-user", "bob")])
        #expect(answer.outcome == .noRoute)
        #expect(answer.tried.map(\.title).first == "VirtualService default/vs http[0].match[0]")
        let reasons: [String] = answer.tried.flatMap { $0.reasons }
        #expect(reasons.contains("uri exact \"/login\" is not \"/v1\""))
        #expect(reasons.contains("uri prefix \"/static\" does not match \"/v1\""))
        #expect(reasons.contains("header end-user is \"bob\", not exactly \"jason\""))
        #expect(answer.tried.allSatisfy { ($0.location?.line ?? 0) > 0 })
        #expect(answer.description.contains("=> 404 NR: no rule matches"))
    }

    @Test(
        "near misses of a path are pointed out",
        arguments: [
            ("/login/", "differs in the slash at the end alone"),
            ("/Login", "differs in case alone: set ignoreUriCase"),
            ("/api/v1/x", "add .* at its end"),
            ("/STATIC/x", "differs in case alone"),
        ])
    func nearMiss(_ path: String, _ hint: String) throws {
        let answer = try Self.explain(Self.bookinfo, "http://shop.example.com\(path)")
        #expect(answer.outcome == .noRoute)
        let reasons: [String] = answer.tried.flatMap { $0.reasons }
        #expect(reasons.contains { $0.contains(hint) }, "\(answer)")
    }

    @Test("an unknown destination is 503 NC, one without endpoints 503 UH")
    func unavailable() throws {
        let unknown = try Self.explain(Self.bookinfo, "http://shop.example.com/api/v1")
        #expect(
            unknown.outcome == .unavailable(reason: "503 NC: there is no such host, port or subset")
        )
        let empty = World(
            Piece.gateway(), Piece.service("a"), Piece.virtualService(http: Piece.to("a")))
        let answer = try Self.explain(empty, "/")
        #expect(answer.outcome == .unavailable(reason: "503 UH: it has no endpoint"))
    }

    @Test("redirects and direct responses say what the client gets")
    func actions() throws {
        let redirect = try Self.explain(Self.bookinfo, "http://shop.example.com/old?q=1")
        #expect(redirect.outcome == .redirected(status: 302, location: "https://b.com/new?q=1"))
        let direct = try Self.explain(Self.bookinfo, "http://shop.example.com/direct")
        #expect(direct.outcome == .answered(status: 418, bodyBytes: 6))
    }

    @Test("httpsRedirect is the answer before any rule")
    func httpsRedirect() throws {
        let world = World(Piece.gateway(extra: "tls: {httpsRedirect: true}"))
        let answer = try Self.explain(world, "http://a.com/x?y")
        #expect(answer.outcome == .redirected(status: 301, location: "https://a.com/x?y"))
    }

    @Test("an unknown host shows the hosts there are, and the nearest")
    func unknownHost() throws {
        let answer = try Self.explain(Self.bookinfo, "http://shop.exmaple.com/login")
        #expect(answer.outcome == .noVirtualHost)
        #expect(answer.hints.contains("did you mean shop.example.com?"))
        #expect(answer.description.contains("it has *.test, shop.example.com"))
    }

    @Test("the Host header decides over the URL, its port is ignored")
    func hostHeader() throws {
        let answer = try Self.explain(
            Self.bookinfo, "http://127.0.0.1:80/login", headers: [("Host", "shop.example.com:8080")]
        )
        #expect(answer.outcome == .forwarded)
    }

    @Test("a path alone is asked of every listener")
    func pathAlone() throws {
        let world = World(
            Piece.gateway(hosts: "x.com"), Piece.gateway("gw2", port: 81), Piece.served("a"),
            Piece.virtualService(gateways: "gw2", http: Piece.to("a")))
        let answer = try Self.explain(world, "/")
        #expect(answer.outcome == .forwarded)
        #expect(answer.listener?.title == "0.0.0.0_81")
    }

    @Test("a bound port is asked for like the declared one, and a wrong port names the right ones")
    func ports() throws {
        let world = World(
            Piece.gateway(), Piece.served("a"), Piece.virtualService(http: Piece.to("a")),
            node: Node(portMap: [80: 8080]))
        #expect(try Self.explain(world, "http://a.com:8080/").outcome == .forwarded)
        #expect(try Self.explain(world, "http://a.com:80/").outcome == .forwarded)
        let wrong = try Self.explain(world, "http://a.com:9999/")
        #expect(wrong.outcome == .noListener)
        #expect(wrong.hints.joined().contains("0.0.0.0_8080 (port 80, bound as 8080)"))
    }

    @Test(
        "a VirtualService that is bound to nothing is named with the reason",
        arguments: [
            ("gateways: [nope]", "names the Gateway default/nope, which does not exist"),
            ("gateways: [other]", "is for proxies labelled istio=egress"),
            ("gateways: [narrow]", "is not bound: no server of the Gateway default/narrow serves"),
            ("gateways: [held]", "from other namespaces only"),
            ("gateways: [second]", "is bound to Gateway default/second, which has port 81"),
            ("gateways: [gw]\n  exportTo: ['.']", "is not exported to namespace istio-system"),
        ])
    func notBound(_ fields: String, _ hint: String) throws {
        let world = World(
            Piece.gateway(), Piece.gateway("narrow", hosts: "b.com"),
            Piece.gateway("held", hosts: "\"prod/*\""), Piece.gateway("second", port: 81),
            """
            kind: Gateway
            metadata: {name: other}
            spec:
              selector: {istio: egress}
              servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
            """, Piece.served("a"),
            """
            kind: VirtualService
            metadata: {name: vs}
            spec:
              hosts: [a.com]
              \(fields)
              http: [{route: [{destination: {host: a}}]}]
            """)
        let answer = try Self.explain(world, "http://a.com/")
        #expect(answer.outcome == .noVirtualHost)
        #expect(answer.hints.contains { $0.contains(hint) }, "\(answer)")
    }

    @Test("a VirtualService for sidecars alone is named, too")
    func sidecarsOnly() throws {
        let world = World(
            Piece.gateway(), Piece.served("a"),
            """
            kind: VirtualService
            metadata: {name: vs}
            spec:
              hosts: [a.com]
              http: [{route: [{destination: {host: a}}]}]
            """)
        let answer = try Self.explain(world, "http://a.com/")
        #expect(answer.hints.contains { $0.contains("is for sidecars alone") })
    }

    @Test(
        "hosts that nearly fit say what is missing",
        arguments: [
            ("a.com", "*.a.com does not take a.com itself"),
            ("x.a.com.", "a dot at the end of a host"),
        ])
    func hostHints(_ host: String, _ hint: String) throws {
        let world = World(
            Piece.gateway(hosts: "\"*.a.com\""), Piece.served("a"),
            Piece.virtualService(hosts: "\"*.a.com\"", http: Piece.to("a")))
        let answer = try Self.explain(world, "http://\(host)/")
        #expect(answer.hints.contains { $0.contains(hint) }, "\(answer)")
    }

    @Test("an authority that fits but for its port says so")
    func authorityPort() throws {
        let world = World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(
                http: """
                    - match: [{authority: {exact: a.com}}]
                      route: [{destination: {host: a}}]
                    """),
            node: Node(portMap: [80: 8080]))
        let answer = try Self.explain(world, "http://a.com:8080/")
        let reasons: [String] = answer.tried.flatMap { $0.reasons }
        #expect(reasons.contains { $0.contains("compared with its port") }, "\(answer)")
    }

    @Test("the path is normalised as the caller says before it is matched")
    func normalized() throws {
        let request = try ExplainRequest(
            url: "http://shop.example.com/x/../login", normalize: { _ in "/login" })
        let world = Self.bookinfo
        let answer = Mesh.explain(
            request, snapshot: world.snapshot, objects: world.objects, node: world.node)
        #expect(answer.outcome == .forwarded)
    }

    @Test(
        "what is no URL is refused with what to write",
        arguments: [
            ("shop.example.com/x", ExplainError.notAURL("shop.example.com/x")),
            ("ftp://a.com/", .badScheme("ftp")), ("http:///x", .noHost("http:///x")),
            ("http://a.com:99999/", .badPort("99999")), ("http://a.com:0/", .badPort("0")),
        ])
    func badURL(_ url: String, _ error: ExplainError) {
        #expect(throws: error) { try ExplainRequest(url: url) }
    }
}
