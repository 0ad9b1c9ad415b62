// What routes do to requests and answers: rewrites, redirects, header operations, direct responses.
import Mesh
import Net
import Testing

@Suite("routes")
struct RouteTests {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private func head(
        _ target: String, path: RouteMatch.Path = .any, rewrite: Rewrite
    ) throws -> String {
        let backend = try Backend()
        let rig = try Rig(
            .forwarding(to: [backend.address], rewrite: rewrite, path: path), backends: [backend])
        let (client, upstream, head) = try rig.open(
            "GET \(target) HTTP/1.1\r\nHost: a.example:80\r\n\r\n")
        try upstream.send(Self.ok)
        _ = try client.readHead()
        try rig.settle()
        return head
    }

    @Test(
        "a prefix is replaced, the rest and the query stay",
        arguments: [
            ("/old/x?q=/old", "/old", "/new", "/new/x?q=/old"), ("/old", "/old", "/new", "/new"),
            ("/old/", "/old/", "", "/"), ("/old?q", "/old", "/", "/?q"),
        ])
    func prefix(target: String, prefix: String, replacement: String, sent: String) throws {
        let head = try head(
            target, path: Plan.prefix(prefix),
            rewrite: Rewrite(
                path: .prefix(
                    matchedLength: prefix.utf8.count, replacement: Array(replacement.utf8)),
                authority: nil))
        #expect(head.hasPrefix("GET \(sent) HTTP/1.1\r\nHost: a.example:80\r\n"))
        #expect(head.contains("\r\nx-envoy-original-path: \(target)\r\n"))
    }

    @Test("a whole path, a pattern and an authority are replaced")
    func others() throws {
        var head = try head(
            "/a/b?q", rewrite: Rewrite(path: .full(Array("/c".utf8)), authority: nil))
        #expect(head.hasPrefix("GET /c?q HTTP/1.1\r\n"))
        let regex = try Mesh.Regex(Array("/(\\w)/".utf8))
        head = try self.head(
            "/a/b",
            rewrite: Rewrite(
                path: .regex(regex, replacement: Array("/-\\1-/".utf8)), authority: nil))
        #expect(head.hasPrefix("GET /-a-/b HTTP/1.1\r\n"))
        head = try self.head(
            "/a", rewrite: Rewrite(path: .unchanged, authority: Array("b.example".utf8)))
        #expect(head.hasPrefix("GET /a HTTP/1.1\r\nhost: b.example\r\n"))
        #expect(head.components(of: "host").count == 1)
        #expect(!head.contains("x-envoy-original-path"))
    }

    @Test(
        "paths are made normal before they are matched and sent",
        arguments: [
            ("/a/./b/../c", "/a/c"), ("/%61/%7Euser", "/a/~user"), ("/a\\b", "/a/b"),
            ("/../..//x", "//x"), ("/%2e%2e/x", "/x"), ("/a%2Fb", "/a%2Fb"), ("/a%zz", "/a%zz"),
            ("/a/..", "/"), ("/?x=/../y", "/?x=/../y"),
        ])
    func normalPaths(target: String, sent: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (_, _, head) = try rig.open("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.hasPrefix("GET \(sent) HTTP/1.1\r\n"))
        try rig.settle()
    }

    @Test("a path with an escaped zero byte is 400")
    func zeroByte() throws {
        let (rig, backend) = try Rig.forwarding()
        let client = try rig.connect()
        try client.send("GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    struct RedirectCase: Sendable, CustomTestStringConvertible {
        let redirect: Redirect
        let declaredPort: UInt16
        let host: String
        let target: String
        let location: String
        var testDescription: String { location }

        init(
            _ location: String, path: Redirect.Path = .unchanged, authority: String? = nil,
            scheme: String? = nil, port: Redirect.Port = .fromProtocolDefault,
            declaredPort: UInt16 = 80, host: String = "a.example", target: String = "/x?q"
        ) {
            redirect = Redirect(
                status: 302, path: path, authority: authority.map { Array($0.utf8) },
                scheme: scheme.map { Array($0.utf8) }, port: port)
            self.declaredPort = declaredPort
            self.host = host
            self.target = target
            self.location = location
        }
    }

    @Test(
        "a redirect names the place it leads to",
        arguments: [
            RedirectCase("http://a.example/x?q"),
            RedirectCase("http://a.example:8080/x?q", host: "a.example:8080"),
            RedirectCase("http://b.example/x?q", authority: "b.example"),
            RedirectCase("http://a.example/y?q", path: .full(Array("/y".utf8))),
            RedirectCase(
                "http://a.example/new/x?q",
                path: .prefix(matchedLength: 4, replacement: Array("/new".utf8)), target: "/old/x?q"
            ),
            RedirectCase("https://a.example/x?q", scheme: "https"),
            RedirectCase("https://a.example/x?q", scheme: "https", host: "a.example:80"),
            RedirectCase("https://a.example:8443/x?q", scheme: "https", port: .number(8443)),
            RedirectCase("http://a.example:81/x?q", port: .number(81), host: "a.example:80"),
            RedirectCase("http://a.example/x?q", port: .fromRequestPort),
            RedirectCase("http://a.example:8080/x?q", port: .fromRequestPort, declaredPort: 8080),
            RedirectCase("http://[::1]:8080/x?q", port: .number(8080), host: "[::1]:80"),
            RedirectCase("http://[::1]/x?q", host: "[::1]"),
        ])
    func redirects(_ example: RedirectCase) throws {
        var plan = Plan()
        plan.declaredPort = example.declaredPort
        plan.routes = [Plan.route(.any, .redirect(example.redirect))]
        let rig = try Rig(plan)
        let client = try rig.connect()
        try client.send("GET \(example.target) HTTP/1.1\r\nHost: \(example.host)\r\n\r\n")
        let head = try client.readHead()
        #expect(head.hasPrefix("HTTP/1.1 302 Found\r\nlocation: \(example.location)\r\n"))
        #expect(head.contains("\r\ncontent-length: 0\r\n"))
        try rig.settle()
    }

    @Test("httpsRedirect is 301 to https on its own port")
    func https() throws {
        var plan = Plan()
        plan.redirectsToHTTPS = true
        let rig = try Rig(plan)
        let client = try rig.connect()
        try client.send("GET /x?q HTTP/1.1\r\nHost: a.example:8080\r\n\r\n")
        #expect(
            try client.readHead().hasPrefix(
                "HTTP/1.1 301 Moved Permanently\r\nlocation: https://a.example/x?q\r\n"))
        try rig.settle()
    }

    @Test(
        "a direct response has its status, body and type, and none of that to HEAD",
        arguments: [
            (200, "GET", "body", "4", "body"), (503, "GET", "down", "4", "down"),
            (200, "HEAD", "body", "4", ""), (200, "GET", "", "0", ""), (204, "GET", "no", nil, ""),
            (304, "GET", "no", nil, ""),
        ] as [(UInt16, String, String, String?, String)])
    func direct(
        status: UInt16, method: String, body: String, length: String?, sent: String
    ) throws {
        var plan = Plan()
        plan.routes = [
            Plan.route(.any, .direct(DirectResponse(status: status, body: Array(body.utf8))))
        ]
        let rig = try Rig(plan)
        let client = try rig.connect()
        for _ in 0..<2 {
            try client.send("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try client.readHead()
            #expect(head.hasPrefix("HTTP/1.1 \(status) "))
            #expect(
                head.components(of: "content-length").first.map { String($0.dropFirst(16)) }
                    == length)
            #expect(head.contains("content-type: text/plain") == (length != nil && length != "0"))
            #expect(try client.read(count: sent.utf8.count) == sent)
        }
        #expect(try client.readNow() == "")
        try rig.settle()
    }

    @Test("header operations: remove, then set, then add, for requests and responses")
    func headers() throws {
        let backend = try Backend()
        var up = HeaderMutations.Operations()
        up.remove = [Array("x-gone".utf8)]
        up.set = [Plan.value("X-Set", "new"), Plan.value("x-fresh", "1")]
        up.add = [Plan.value("x-add", "two")]
        var down = HeaderMutations.Operations()
        down.remove = [Array("x-secret".utf8)]
        down.set = [
            HeaderMutations.HeaderValue(
                name: Array("x-peer".utf8),
                value: [
                    .literal(Array("[".utf8)), .downstreamRemoteAddressWithoutPort,
                    .literal(Array("]".utf8)), .requestHeader(name: Array("x-set".utf8)),
                    .requestHeader(name: Array("x-none".utf8)),
                ])
        ]
        down.add = [Plan.value("X-Down", "d")]
        let rig = try Rig(
            .forwarding(
                to: [backend.address], headers: HeaderMutations(request: up, response: down)),
            backends: [backend])
        let (client, upstream, head) = try rig.open(
            "GET / HTTP/1.1\r\nHost: a\r\nX-Gone: 1\r\nX-SET: old\r\nx-set: older\r\n"
                + "X-Add: one\r\nX-Gone: 2\r\nX-Kept: k\r\n\r\n")
        #expect(head.components(of: "x-gone").isEmpty)
        #expect(head.components(of: "x-set") == ["X-Set: new"])
        #expect(head.components(of: "x-fresh") == ["x-fresh: 1"])
        #expect(head.components(of: "x-add") == ["X-Add: one", "x-add: two"])
        #expect(head.components(of: "x-kept") == ["X-Kept: k"])
        try upstream.send(
            "HTTP/1.1 200 OK\r\nX-Secret: s\r\nX-Down: u\r\nX-Peer: forged\r\nServer: nginx\r\n"
                + "Content-Length: 0\r\n\r\n")
        let answer = try client.readHead()
        #expect(answer.components(of: "x-secret").isEmpty)
        #expect(answer.components(of: "x-down") == ["X-Down: u", "X-Down: d"])
        #expect(answer.components(of: "x-peer") == ["x-peer: [127.0.0.1]old-"])
        #expect(answer.components(of: "server") == ["server: isthmus"])
        #expect(answer.components(of: "date").count == 1)
        #expect(answer.components(of: "x-envoy-upstream-service-time").count == 1)
        try rig.settle()
    }

    @Test(
        "no route is 404, no cluster 503, no endpoint 503 with Istio's words",
        arguments: [
            (0, "404 Not Found", ""), (1, "503 Service Unavailable", ""),
            (2, "503 Service Unavailable", "no healthy upstream"),
        ])
    func nowhere(which: Int, status: String, body: String) throws {
        var plan = Plan()
        plan.clusters = [Plan.cluster("a", [])]
        if which > 0 { plan.routes = [Plan.route(to: which == 1 ? nil : 0)] }
        let rig = try Rig(plan)
        let client = try rig.connect()
        for method in ["GET", "POST", "HEAD"] {
            try client.send("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try client.readHead()
            #expect(head.hasPrefix("HTTP/1.1 \(status)\r\n"))
            #expect(head.contains("\r\ncontent-length: \(body.utf8.count)\r\n"))
            #expect(!head.contains("connection: close"))
            if method != "HEAD" { #expect(try client.read(count: body.utf8.count) == body) }
        }
        try rig.settle()
    }
}
