// What each field of a match block asks of a request.
import Mesh
import Spec
import Testing

@Suite struct MatchTests {
    /// A rule with one match block, written as flow YAML, and whether a request meets it.
    private static func meets(
        _ block: String, _ target: String = "/", host: String = "example.com",
        method: String = "GET", scheme: String = "http", headers: [String: String] = [:]
    ) -> Bool {
        let world = World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(
                http: "- match: [\(block)]\n  route: [{destination: {host: a}}]"))
        return world.route(
            target, host: host, method: method, scheme: scheme, headers: headers) != nil
    }

    @Test(
        "uri exact is the whole path, without the query",
        arguments: [
            ("/foo", true), ("/foo?x=1", true), ("/foo/", false), ("/foobar", false),
            ("/FOO", false),
        ])
    func exact(_ target: String, _ expected: Bool) {
        #expect(Self.meets("{uri: {exact: /foo}}", target) == expected)
    }

    @Test(
        "uri prefix is of the raw string, not of segments",
        arguments: [
            ("/foo", true), ("/foobar", true), ("/foo/bar?x", true), ("/fo", false),
            ("/FOO", false),
        ])
    func prefix(_ target: String, _ expected: Bool) {
        #expect(Self.meets("{uri: {prefix: /foo}}", target) == expected)
    }

    @Test(
        "uri regex has to match the whole path",
        arguments: [
            ("/v1/x", true), ("/v1", false), ("/v1/x/y", false), ("/a/v1/x", false),
        ])
    func regex(_ target: String, _ expected: Bool) {
        #expect(Self.meets("{uri: {regex: '/v[0-9]/[a-z]'}}", target) == expected)
    }

    @Test("an empty uri prefix takes everything")
    func emptyPrefix() {
        #expect(Self.meets("{uri: {prefix: ''}}", "/anything"))
    }

    @Test(
        "ignoreUriCase is for exact and prefix and not for regex",
        arguments: [
            ("exact: /Foo", "/fOO", true), ("prefix: /Foo", "/FOObar", true),
            ("regex: /Foo", "/foo", false), ("exact: /Foo", "/fox", false),
        ])
    func ignoreCase(_ uri: String, _ target: String, _ expected: Bool) {
        #expect(Self.meets("{uri: {\(uri)}, ignoreUriCase: true}", target) == expected)
    }

    @Test("method is case-sensitive")
    func method() {
        #expect(Self.meets("{method: {exact: POST}}", method: "POST"))
        #expect(!Self.meets("{method: {exact: POST}}", method: "post"))
        #expect(!Self.meets("{method: {exact: POST}}"))
    }

    @Test("scheme is what the connection speaks")
    func scheme() {
        #expect(Self.meets("{scheme: {exact: http}}"))
        #expect(!Self.meets("{scheme: {exact: https}}"))
    }

    @Test("authority is compared with its port, as sent")
    func authority() {
        #expect(Self.meets("{authority: {exact: 'a.com:8080'}}", host: "a.com:8080"))
        #expect(!Self.meets("{authority: {exact: a.com}}", host: "a.com:8080"))
        #expect(Self.meets("{authority: {prefix: a.com}}", host: "a.com:8080"))
        #expect(!Self.meets("{authority: {exact: a.com}}", host: "A.com"))
    }

    @Test(
        "a header's value is compared, its name is case-insensitive",
        arguments: [
            ("{exact: jason}", "jason", true), ("{exact: jason}", "Jason", false),
            ("{prefix: ja}", "jason", true), ("{regex: 'j.*n'}", "jason", true),
            ("{regex: 'j.*'}", "xjason", false), ("{}", "anything", true),
            ("{regex: '*'}", "x", true),
            ("{exact: 'a,b'}", "a,b", true),
        ])
    func header(_ match: String, _ value: String, _ expected: Bool) {
        let block = "{headers: {End-User: \(match)}}"
        #expect(Self.meets(block, headers: ["end-user": value]) == expected)
    }

    @Test("an absent header meets no condition", arguments: ["{exact: a}", "{}", "{regex: '.*'}"])
    func absentHeader(_ match: String) {
        #expect(!Self.meets("{headers: {x: \(match)}}"))
    }

    @Test(
        "withoutHeaders is the negation, and an absent header fulfils it",
        arguments: [
            ("{exact: a}", "a", false), ("{exact: a}", "b", true), ("{exact: a}", nil, true),
            ("{}", "a", false), ("{}", nil, true), ("{prefix: a}", "ab", false),
        ] as [(String, String?, Bool)])
    func withoutHeader(_ match: String, _ value: String?, _ expected: Bool) {
        let headers = value.map { ["x": $0] } ?? [:]
        #expect(Self.meets("{withoutHeaders: {x: \(match)}}", headers: headers) == expected)
    }

    @Test("an absent header counts as empty where withoutHeaders would match the empty value")
    func withoutHeaderEmpty() {
        #expect(!Self.meets("{withoutHeaders: {x: {regex: '.*'}}}"))
    }

    @Test(
        "query parameters are compared raw, the first of a name decides",
        arguments: [
            ("{k: {exact: v}}", "/?k=v", true), ("{k: {exact: v}}", "/?a=b&k=v&c", true),
            ("{k: {exact: v}}", "/?k=w&k=v", false), ("{k: {exact: v}}", "/?kk=v", false),
            ("{k: {exact: ''}}", "/?k", true), ("{k: {exact: ''}}", "/?k=", true),
            ("{k: {exact: ''}}", "/?k=v", false), ("{k: {}}", "/?k", true), ("{k: {}}", "/", false),
            ("{k: {exact: 'a b'}}", "/?k=a%20b", false),
            ("{k: {exact: 'a%20b'}}", "/?k=a%20b", true),
            ("{k: {prefix: a}}", "/?k=abc", true), ("{k: {regex: '[0-9]+'}}", "/?k=12", true),
            ("{k: {regex: '[0-9]+'}}", "/?k=12x", false), ("{k: {exact: 'a=b'}}", "/?k=a=b", true),
            ("{k: {exact: v}, l: {exact: w}}", "/?k=v&l=w", true),
            ("{k: {exact: v}, l: {exact: w}}", "/?k=v", false),
        ])
    func query(_ match: String, _ target: String, _ expected: Bool) {
        #expect(Self.meets("{queryParams: \(match)}", target) == expected)
    }

    @Test(
        "pseudo headers can be keys",
        arguments: [
            (":method", "GET", true), (":method", "POST", false), (":path", "/x?y=1", true),
            (":path", "/x", false), (":authority", "example.com", true), (":scheme", "http", true),
        ])
    func pseudo(_ name: String, _ value: String, _ expected: Bool) {
        #expect(Self.meets("{headers: {'\(name)': {exact: '\(value)'}}}", "/x?y=1") == expected)
        #expect(
            Self.meets("{withoutHeaders: {'\(name)': {exact: '\(value)'}}}", "/x?y=1") != expected)
    }

    @Test("JWT claims never match yet")
    func claims() {
        #expect(!Self.meets("{headers: {'@request.auth.claims.group': {exact: a}}}"))
    }

    @Test("the fields of one block must all hold")
    func conjunction() {
        let block = "{uri: {prefix: /a}, method: {exact: GET}, headers: {x: {exact: '1'}}}"
        #expect(Self.meets(block, "/a", headers: ["x": "1"]))
        #expect(!Self.meets(block, "/b", headers: ["x": "1"]))
        #expect(!Self.meets(block, "/a", method: "PUT", headers: ["x": "1"]))
        #expect(!Self.meets(block, "/a", headers: ["x": "2"]))
    }

    @Test("of several blocks any one is enough")
    func disjunction() {
        let blocks = "{uri: {exact: /a}}, {uri: {exact: /b}}"
        #expect(Self.meets(blocks, "/a"))
        #expect(Self.meets(blocks, "/b"))
        #expect(!Self.meets(blocks, "/c"))
    }

    @Test("a bad regex is an error with its place and RE2's reason, and nothing goes live")
    func badRegex() {
        let world = World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(
                http: "- match: [{uri: {regex: '/(a'}}]\n  route: [{destination: {host: a}}]"))
        #expect(world.result.snapshot == nil)
        #expect(
            world.says(
                "spec.http[0].match[0].uri.regex", "missing )", "world.yaml:", severity: .error))
    }

    @Test("equal regexes are one object")
    func sharedRegex() throws {
        let world = World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(
                http: """
                    - match: [{uri: {regex: '/x[0-9]'}}, {uri: {regex: '/x[0-9]'}}]
                      route: [{destination: {host: a}}]
                    """))
        let routes = try #require(world.host("a.com")?.routes)
        guard case .regex(let first) = routes[0].match.path,
            case .regex(let second) = routes[1].match.path
        else {
            Issue.record("two regex routes were expected")
            return
        }
        #expect(first === second)
    }
}
