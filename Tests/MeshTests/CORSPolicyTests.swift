// What a rule's corsPolicy comes to: Istio's TranslateCORSPolicy, then Envoy's reading of it.
// Which answers it leads to is asked of the whole proxy, end to end.
import Spec
import Testing

@testable import Mesh

@Suite struct CORSPolicyTests {
    private static func world(_ fields: String) -> World {
        World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(
                http: Piece.to("a") + "\n" + "corsPolicy: {\(fields)}".indented(2)))
    }

    private static func route(_ fields: String) -> RoutePolicy? {
        guard case .forward(let forward) = world(fields).route()?.action else { return nil }
        return forward.policy
    }

    private static func policy(_ fields: String) -> CORSPolicy? { route(fields)?.cors }

    private static let origins: [(String, [String], [String])] = [
        ("exact: 'http://a.b'", ["http://a.b"], ["http://a.b.c", "http://a.", "HTTP://A.B", ""]),
        ("prefix: 'http://a'", ["http://a", "http://a.b"], ["https://a", "http://b"]),
        ("regex: 'https://[a-z]+'", ["https://a"], ["https://a.b", "xhttps://a", "https://"]),
        ("exact: '*'", ["http://a", "null"], []),
        ("regex: '.*'", ["http://a", "null"], []),
        ("prefix: '*'", ["http://a"], []),
    ]

    @Test(
        "an origin is matched whole and with its case; whatever takes * takes all",
        arguments: origins)
    func matching(_ matcher: String, _ allowed: [String], _ others: [String]) throws {
        let policy = try #require(Self.policy("allowOrigins: [{\(matcher)}]"))
        for origin in allowed { #expect(policy.takes(origin), "\(origin)") }
        for origin in others { #expect(!policy.takes(origin), "\(origin)") }
    }

    @Test("a policy without origins allows none")
    func nobody() throws {
        let policy = try #require(Self.policy("allowMethods: [GET]"))
        #expect(!policy.takes("http://a"))
        #expect(policy.steps == ["CORS for no origin, methods GET"])
    }

    @Test("the older list acts where it stands alone")
    func older() throws {
        let alone = try #require(Self.policy("allowOrigin: ['http://a']"))
        #expect(alone.takes("http://a"))
        let both = try #require(
            Self.policy("allowOrigin: ['http://a'], allowOrigins: [{exact: 'http://b'}]"))
        #expect(!both.takes("http://a"))
        #expect(both.takes("http://b"))
    }

    @Test("lists are joined, time is whole seconds, what is not said stays empty")
    func values() throws {
        let policy = try #require(
            Self.policy(
                "allowMethods: [GET, PUT], allowHeaders: [x-a, x-b], exposeHeaders: [x-c], "
                    + "maxAge: 24h, allowCredentials: true, unmatchedPreflights: IGNORE"))
        #expect(policy.allowMethods == Array("GET,PUT".utf8))
        #expect(policy.allowHeaders == Array("x-a,x-b".utf8))
        #expect(policy.exposeHeaders == Array("x-c".utf8))
        #expect(policy.maxAge == Array("86400".utf8))
        #expect(policy.allowsCredentials)
        #expect(!policy.forwardsUnmatched)
        let empty = try #require(Self.policy(""))
        #expect(empty.allowMethods.isEmpty && empty.allowHeaders.isEmpty && empty.maxAge.isEmpty)
        #expect(!empty.allowsCredentials)
        #expect(empty.forwardsUnmatched)
        #expect(try #require(Self.policy("maxAge: 0s")).maxAge == Array("0".utf8))
    }

    @Test("a policy alone keeps the defaults of timeout and retries")
    func alone() throws {
        let policy = try #require(Self.route("allowMethods: [GET]"))
        #expect(policy.timeoutMs == 0)
        #expect(policy.retry == RetryPolicy.standard)
    }

    @Test("an origin more is another way to serve, the same one is not")
    func difference() {
        let world = Self.world("allowOrigins: [{exact: 'http://a'}]")
        func next(_ fields: String) -> SnapshotDifference {
            SnapshotDifference(from: world.snapshot, to: Self.world(fields).snapshot)
        }
        #expect(next("allowOrigins: [{exact: 'http://a'}]").virtualHosts.isEmpty)
        #expect(next("allowOrigins: [{exact: 'http://b'}]").virtualHosts.changed.count == 1)
    }

    @Test("it is told in words")
    func words() {
        let fields =
            "allowOrigins: [{exact: 'http://a'}, {prefix: 'http://b'}], "
            + "allowMethods: [GET], exposeHeaders: [x-c], allowCredentials: true"
        #expect(
            Self.policy(fields)?.steps == [
                "CORS for origins exactly \"http://a\" or with the prefix \"http://b\", "
                    + "methods GET, exposes x-c, with credentials"
            ])
    }
}

extension CORSPolicy {
    fileprivate func takes(_ origin: String) -> Bool { allows(Array(origin.utf8).span) }
}
