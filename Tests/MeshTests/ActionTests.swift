// What a route does: rewrite, redirect, answer, change headers.
import Mesh
import Spec
import Testing

@Suite struct ActionTests {
    private static func world(_ rule: String, node: Node = Node()) -> World {
        World(
            Piece.gateway(), Piece.gateway("gw443", port: 443), Piece.served("a"),
            Piece.served("b"), Piece.virtualService(gateways: "gw, gw443", http: rule), node: node)
    }

    private static func forward(_ rule: String, _ target: String = "/foo/x") -> Forward? {
        guard case .forward(let forward) = world(rule).route(target)?.action else { return nil }
        return forward
    }

    private static func redirect(_ rule: String, port: UInt16 = 80) -> Redirect? {
        guard case .redirect(let redirect) = world(rule).route("/foo", port: port)?.action else {
            return nil
        }
        return redirect
    }

    /// `prefix 4 /bar`
    private static func text(_ path: Rewrite.Path?) -> String {
        switch path {
        case nil: "none"
        case .unchanged: "unchanged"
        case .prefix(let length, let new): "prefix \(length) \(string(new))"
        case .full(let new): "full \(string(new))"
        case .regex(let regex, let new): "regex \(string(regex.pattern)) \(string(new))"
        }
    }

    private static func string(_ bytes: [UInt8]?) -> String {
        bytes.map { String(decoding: $0, as: UTF8.self) } ?? "nil"
    }

    @Test(
        "rewrite.uri swaps a matched prefix, and the whole path of any other match",
        arguments: [
            ("match: [{uri: {prefix: /foo}}]", "prefix 4 /bar"),
            ("match: [{uri: {exact: /foo/x}}]", "full /bar"),
            ("match: [{uri: {regex: '/foo/.*'}}]", "full /bar"),
            ("match: [{uri: {prefix: /FOO}, ignoreUriCase: true}]", "prefix 4 /bar"),
            ("name: bare", "prefix 1 /bar"),
        ])
    func rewriteURI(_ match: String, _ expected: String) {
        let rule = "- \(match)\n  rewrite: {uri: /bar}\n  route: [{destination: {host: a}}]"
        #expect(Self.text(Self.forward(rule)?.rewrite?.path) == expected)
    }

    @Test("uriRegexRewrite keeps its regex and replacement")
    func regexRewrite() {
        let rule = """
            - rewrite: {uriRegexRewrite: {match: '/foo/(.*)', rewrite: '/\\1'}}
              route: [{destination: {host: a}}]
            """
        #expect(Self.text(Self.forward(rule)?.rewrite?.path) == "regex /foo/(.*) /\\1")
    }

    @Test("a replacement with a group that the regex lacks is an error")
    func badReplacement() {
        let world = Self.world(
            """
            - rewrite: {uriRegexRewrite: {match: '/foo', rewrite: '/\\1'}}
              route: [{destination: {host: a}}]
            """)
        #expect(world.result.snapshot == nil)
        #expect(
            world.says("spec.http[0].rewrite.uriRegexRewrite.rewrite", severity: .error))
    }

    @Test("nothing to rewrite is no rewrite")
    func noRewrite() {
        let forward = Self.forward("- route: [{destination: {host: a}}]")
        #expect(forward != nil)
        #expect(forward?.rewrite == nil)
    }

    @Test(
        "the authority is rewrite's, else set's, else add's; a destination's comes last",
        arguments: [
            ("rewrite: {authority: r}", "r"),
            ("headers: {request: {set: {Host: s}, add: {':authority': d}}}", "s"),
            ("headers: {request: {add: {':authority': d}}}", "d"),
            ("name: none", "nil"),
        ])
    func authority(_ fields: String, _ expected: String) {
        // The reader refuses `rewrite.authority` beside any other way to set the host.
        let own = ", headers: {request: {set: {host: own}}}"
        let rule = """
            - \(fields)
              route: [{destination: {host: a}\(expected == "r" ? "" : own)}]
            """
        let forward = Self.forward(rule)
        #expect(Self.string(forward?.rewrite?.authority) == expected)
        let kept = expected == "nil" ? "own" : "nil"
        #expect(Self.string(forward?.destinations[0].headers?.authority) == kept)
    }

    @Test("each of several destinations may have its own authority")
    func ownAuthority() {
        let forward = Self.forward(
            """
            - route:
              - {destination: {host: a}, weight: 1, headers: {request: {set: {host: one}}}}
              - {destination: {host: b}, weight: 1, headers: {request: {set: {host: two}}}}
            """)
        #expect(
            forward?.destinations.map { Self.string($0.headers?.authority) } == ["one", "two"])
    }

    @Test("header operations keep their names' case, are sorted, and lose what is not theirs")
    func headers() {
        let world = Self.world(
            """
            - headers:
                request:
                  set: {X-B: '2', X-A: '1', host: h}
                  add: {X-C: '3'}
                  remove: [x-gone]
                response: {set: {X-R: '4', server: s}, remove: [Connection, x-by]}
              route: [{destination: {host: a}}]
            """)
        let headers = world.route()?.headers
        #expect(headers?.request.set.map { Self.string($0.name) } == ["X-A", "X-B"])
        #expect(headers?.request.add.map { Self.string($0.name) } == ["X-C"])
        #expect(headers?.request.remove.map(Self.string) == ["x-gone"])
        #expect(headers?.response.set.map { Self.string($0.name) } == ["X-R"])
        #expect(headers?.response.remove.map(Self.string) == ["x-by"])
        #expect(headers?.request.set.first?.value == [.literal(Array("1".utf8))])
        #expect(Self.string(headers?.authority) == "h")
    }

    @Test(
        "an unknown operator in a value is an error, one of Envoy's that is not there yet a warning"
    )
    func operators() {
        let unknown = Self.world(
            "- headers: {request: {set: {x: '%NOPE%'}}}\n  route: [{destination: {host: a}}]")
        #expect(unknown.result.snapshot == nil)
        #expect(
            unknown.says(
                "spec.http[0].headers.request.set[x]", "no operator %NOPE%", severity: .error))
        let notYet = Self.world(
            "- headers: {request: {set: {x: '%TRACE_ID%'}}}\n  route: [{destination: {host: a}}]")
        #expect(notYet.says("%TRACE_ID% is not supported yet"))
        #expect(notYet.route()?.headers == nil)
    }

    @Test(
        "a redirect is 301 unless it says otherwise",
        arguments: [
            ("", 301), (", redirectCode: 302", 302), (", redirectCode: 303", 303),
            (", redirectCode: 307", 307), (", redirectCode: 308", 308),
        ])
    func redirectStatus(_ code: String, _ status: UInt16) {
        #expect(Self.redirect("- redirect: {uri: /new\(code)}")?.status == status)
    }

    @Test("a redirect's uri replaces the path, its prefixRewrite the matched prefix")
    func redirectPath() {
        let full = Self.redirect("- redirect: {uri: /new}")?.path
        guard case .full(let path) = full else {
            Issue.record("a full path was expected")
            return
        }
        #expect(Self.string(path) == "/new")
        let rule = "- match: [{uri: {prefix: /fo}}]\n  redirect: {prefixRewrite: /x}"
        guard case .prefix(let length, let new) = Self.redirect(rule)?.path else {
            Issue.record("a prefix was expected")
            return
        }
        #expect(length == 3)
        #expect(Self.string(new) == "/x")
        guard case .unchanged = Self.redirect("- redirect: {authority: b.com}")?.path else {
            Issue.record("no change was expected")
            return
        }
    }

    @Test("authority and scheme of a redirect are nil where they stay")
    func redirectParts() {
        let one = Self.redirect("- redirect: {authority: b.com, scheme: https}")
        #expect(Self.string(one?.authority) == "b.com")
        #expect(Self.string(one?.scheme) == "https")
        let two = Self.redirect("- redirect: {uri: /x}")
        #expect(two?.authority == nil)
        #expect(two?.scheme == nil)
    }

    @Test(
        "a redirect writes a port only where the scheme does not mean it anyway",
        arguments: [
            ("uri: /x", 80, "default"), ("uri: /x, port: 8080", 80, "8080"),
            ("uri: /x, port: 80", 80, "default"), ("uri: /x, port: 443", 80, "443"),
            ("scheme: https, port: 443", 80, "default"), ("scheme: https, port: 80", 80, "80"),
            ("uri: /x, derivePort: FROM_PROTOCOL_DEFAULT", 80, "default"),
            ("uri: /x, derivePort: FROM_REQUEST_PORT", 80, "default"),
            ("scheme: https, derivePort: FROM_REQUEST_PORT", 80, "request"),
            ("scheme: https, derivePort: FROM_REQUEST_PORT", 443, "default"),
            ("uri: /x, derivePort: FROM_REQUEST_PORT", 443, "request"),
        ])
    func redirectPort(_ fields: String, _ port: UInt16, _ expected: String) {
        let text =
            switch Self.redirect("- redirect: {\(fields)}", port: port)?.port {
            case nil: "none"
            case .fromProtocolDefault: "default"
            case .fromRequestPort: "request"
            case .number(let number): "\(number)"
            }
        #expect(text == expected)
    }

    @Test("a direct response has its status, body and headers")
    func direct() {
        let world = Self.world(
            """
            - match: [{uri: {prefix: /text}}]
              directResponse: {status: 503, body: {string: "busy"}}
              headers: {response: {set: {retry-after: '1'}}}
            - match: [{uri: {prefix: /bytes}}]
              directResponse: {status: 200, body: {bytes: "aGk="}}
            - directResponse: {status: 404}
            """)
        func answer(_ target: String) -> String {
            guard case .direct(let response) = world.route(target)?.action else { return "none" }
            return "\(response.status) \(Self.string(response.body))"
        }
        #expect(answer("/text") == "503 busy")
        #expect(answer("/bytes") == "200 hi")
        #expect(answer("/other") == "404 ")
        #expect(world.route("/text")?.headers?.response.set.count == 1)
    }
}
