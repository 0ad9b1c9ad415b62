// What `loadBalancer` becomes: keys, tables, cookies, warm-up, and what is kept over a change.
import Mesh
import Spec
import Testing

@Suite("balancing settings")
struct BalanceTests {
    private static func world(
        _ loadBalancer: String, addresses: [String] = ["10.0.0.1", "10.0.0.2"],
        more: String = "connectionPool: {tcp: {connectTimeout: 2s}}", previous: Snapshot? = nil
    ) -> World {
        World(
            """
            \(Piece.gateway())
            ---
            kind: ServiceEntry
            metadata: {name: a, namespace: default}
            spec:
              hosts: [a.example.com]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              endpoints:
            \(addresses.map { "- {address: \($0)}" }.joined(separator: "\n").indented(2))
            ---
            kind: DestinationRule
            metadata: {name: a, namespace: default}
            spec:
              host: a.example.com
              trafficPolicy:
                \(more)
                loadBalancer: \(loadBalancer)
            ---
            \(Piece.virtualService(http: "- route: [{destination: {host: a.example.com}}]"))
            """, previous: previous)
    }

    private static func cluster(_ world: World) -> Cluster? {
        world.cluster("outbound|80||a.example.com")
    }

    private static func hash(_ text: String) -> BalancePolicy.HashSettings? {
        cluster(world("{consistentHash: {\(text)}}"))?.balance?.hash
    }

    @Test("a cluster of which only the order is said has no policy object")
    func plain() {
        for text in ["{simple: ROUND_ROBIN}", "{simple: RANDOM}", "{}"] {
            #expect(Self.cluster(Self.world(text))?.balance == nil)
        }
    }

    @Test("each key, and the ring of 1024 that nobody has to ask for")
    func keys() {
        let ring = HashTable.Algorithm.ring(minimumSize: 1024)
        let header = Self.hash("httpHeaderName: X-User")
        #expect(header?.key == .header(Array("x-user".utf8)) && header?.algorithm == ring)
        #expect(Self.hash("useSourceIp: true")?.key == .sourceAddress)
        #expect(
            Self.hash("httpQueryParameterName: User")?.key == .queryParameter(Array("User".utf8)))
        #expect(
            Self.hash("useSourceIp: true, minimumRingSize: 7")?.algorithm == .ring(minimumSize: 7))
        #expect(
            Self.hash("useSourceIp: true, ringHash: {minimumRingSize: 50}")?.algorithm
                == .ring(minimumSize: 50))
        #expect(
            Self.hash("useSourceIp: true, maglev: {}")?.algorithm == .maglev(size: 65537))
        #expect(
            Self.hash("useSourceIp: true, maglev: {tableSize: 251}")?.algorithm
                == .maglev(size: 251))
    }

    @Test(
        "a cookie is made where `ttl` is given, with everything that is said of it",
        arguments: [
            ("name: c", nil), ("name: c, ttl: 0s", "; HttpOnly"),
            ("name: c, ttl: 90s, path: /x", "; Max-Age=90; Path=/x; HttpOnly"),
            (
                "name: c, ttl: 1h, attributes: [{name: SameSite, value: Lax}, {name: Secure}]",
                "; Max-Age=3600; SameSite=Lax; Secure; HttpOnly"
            ),
        ] as [(String, String?)])
    func cookie(_ written: String, _ attributes: String?) {
        #expect(
            Self.hash("httpCookie: {\(written)}")?.key
                == .cookie(
                    HashCookie(
                        name: Array("c".utf8), attributes: attributes.map { Array($0.utf8) })))
    }

    @Test("a table serves on while its endpoints stay, and is made anew when one goes")
    func tables() {
        let text = "{consistentHash: {useSourceIp: true}}"
        let first = Self.world(text)
        let same = Self.world(
            text, more: "connectionPool: {tcp: {connectTimeout: 3s}}", previous: first.snapshot)
        #expect(Self.cluster(same) !== Self.cluster(first))
        #expect(Self.cluster(same)?.balance === Self.cluster(first)?.balance)
        let other = Self.world(text, addresses: ["10.0.0.1"], previous: first.snapshot)
        #expect(Self.cluster(other)?.balance !== Self.cluster(first)?.balance)
        let level = Self.cluster(other)?.balance?.priorities.first
        #expect(level?.table?.owner(of: 1) { _ in true } == 0)
    }

    @Test("warm-up, with Istio's defaults and under its old name")
    func warmup() {
        #expect(
            Self.cluster(Self.world("{simple: ROUND_ROBIN, warmup: {duration: 30s}}"))?
                .balance?.warmup
                == .init(durationMs: 30_000, minimumShare: 0.1, aggression: 1))
        #expect(
            Self.cluster(Self.world("{warmupDurationSecs: 5s}"))?.balance?.warmup?.durationMs
                == 5000)
        let full = Self.cluster(
            Self.world("{warmup: {duration: 10s, minimumPercent: 20, aggression: 2}}"))
        #expect(
            full?.balance?.warmup == .init(durationMs: 10_000, minimumShare: 0.2, aggression: 2))
    }

    @Test(
        "warm-up's curve is Envoy's: time to the power of one over aggression, not below the least",
        arguments: [
            (1, 0.5, 0.5), (1, 0.01, 0.1), (2, 0.25, 0.5), (2, 0.49, 0.7), (3, 0.125, 0.5),
            (1.5, 0.3, 0.448_140_474_655_716_5),
        ] as [(Double, Double, Double)])
    func curve(aggression: Double, time: Double, share: Double) {
        let warmup = BalancePolicy.Warmup(durationMs: 1000, aggression: aggression)
        #expect(abs(warmup.share(at: time) - share) < 1e-9)
    }

    @Test("PASSTHROUGH has nothing to pass to here, and says what happens instead")
    func passthrough() {
        let world = Self.world("{simple: PASSTHROUGH}")
        #expect(Self.cluster(world)?.loadBalancing == .leastRequest)
        #expect(world.says("PASSTHROUGH", "LEAST_REQUEST"))
    }

    @Test("minHealthPercent is when everybody is asked again")
    func panic() {
        let world = Self.world("{}", more: "outlierDetection: {minHealthPercent: 40}")
        #expect(Self.cluster(world)?.balance?.panicPercent == 40)
    }
}
