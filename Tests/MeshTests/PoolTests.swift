// What rules say about connections and failing endpoints, and the numbers a cluster gets of it.
import Mesh
import Spec
import Testing

@Suite struct PoolTests {
    private static func world(_ policy: String) -> World {
        World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(http: "- route: [{destination: {host: a}}]"),
            """
            kind: DestinationRule
            metadata: {name: a}
            spec:
              host: a
              trafficPolicy:
            \(policy.indented(4))
            """)
    }

    private static func cluster(_ policy: String) throws -> Cluster {
        try #require(world(policy).cluster(Piece.a))
    }

    private static func pool(_ settings: String, beside more: String = "") throws -> PoolPolicy? {
        try cluster("connectionPool: {\(settings)}\n\(more)").pool
    }

    private static func outliers(_ settings: String) throws -> OutlierPolicy {
        try #require(try cluster("outlierDetection: {\(settings)}").outliers)
    }

    // MARK: - Connection pools

    @Test(
        "settings that ask for nothing cost nothing",
        arguments: [
            "tcp: {connectTimeout: 1s}", "http: {useClientProtocol: true}",
            "tcp: {maxConnections: 0}, http: {http1MaxPendingRequests: 0, http2MaxRequests: 0}",
            "http: {maxRequestsPerConnection: 0, maxRetries: 0, maxConcurrentStreams: 0}",
        ])
    func nothing(settings: String) throws {
        #expect(try Self.pool(settings) == nil)
    }

    @Test("each limit is its own, and what is not said is not limited")
    func limits() throws {
        let limits = try #require(
            try Self.pool(
                "tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 2, maxRetries: 4}"
            )?.limits)
        #expect(limits.connections == 1)
        #expect(limits.pendingRequests == 2)
        #expect(limits.requests == .max)
        #expect(limits.retries == 4)
        #expect(try Self.pool("http: {http2MaxRequests: 3}")?.limits?.requests == 3)
        #expect(try Self.pool("http: {maxRequestsPerConnection: 3}")?.limits == nil)
    }

    @Test(
        "a retry budget has Envoy's defaults, and stands in for maxRetries",
        arguments: [
            ("{}", 200_000, 3), ("{percent: 12.5, minRetryConcurrency: 1}", 125_000, 1),
            ("{minRetryConcurrency: 0}", 200_000, 0),
        ] as [(String, UInt32, UInt32)])
    func retryBudget(budget: String, share: UInt32, least: UInt32) throws {
        let limits = try #require(
            try Self.pool("http: {maxRetries: 1}", beside: "retryBudget: \(budget)")?.limits)
        #expect(limits.retryBudget == PoolPolicy.RetryBudget(share: share, least: least))
        #expect(limits.retries(amid: 0) == least)
        #expect(limits.retries(amid: 1000) == max(least, share / 1000))
    }

    @Test(
        "the interval of a retry budget; none, and zero, leave the share to what is under way",
        arguments: [("{budgetInterval: 10s}", 10_000), ("{budgetInterval: 0s}", 0), ("{}", 0)]
            as [(String, UInt32)])
    func budgetInterval(budget: String, milliseconds: UInt32) throws {
        let limits = try #require(
            try Self.pool("http: {maxRetries: 1}", beside: "retryBudget: \(budget)")?.limits)
        #expect(limits.retryBudget?.intervalMs == milliseconds)
    }

    @Test("settings of a port have no retry budget, and take the general one away")
    func retryBudgetOfAPort() throws {
        let budget = "retryBudget: {percent: 5}"
        let port = "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]"
        #expect(try Self.pool("tcp: {connectTimeout: 1s}", beside: budget) != nil)
        #expect(try Self.pool("tcp: {connectTimeout: 1s}", beside: "\(budget)\n\(port)") == nil)
    }

    @Test("how long a connection lives")
    func lifetime() throws {
        let pool = try #require(
            try Self.pool(
                "tcp: {maxConnectionDuration: 1m, idleTimeout: 5s}, "
                    + "http: {maxRequestsPerConnection: 7}"))
        #expect(pool.lifetime.requests == 7)
        #expect(pool.lifetime.durationMs == 60_000)
        #expect(pool.lifetime.tcpIdleMs == 5_000)
    }

    @Test(
        "HTTP's idle timeout is its own, else TCP's, and zero switches it off",
        arguments: [
            ("http: {idleTimeout: 2s}, tcp: {idleTimeout: 5s}", 2_000),
            ("tcp: {idleTimeout: 5s}", 5_000), ("http: {idleTimeout: 0s}", 0),
            ("tcp: {maxConnections: 1}", nil),
        ] as [(String, UInt32?)])
    func idle(settings: String, milliseconds: UInt32?) throws {
        #expect(try #require(try Self.pool(settings)).lifetime.httpIdleMs == milliseconds)
    }

    @Test("TCP's probes in whole seconds, HTTP/2's pings in milliseconds, streams as they are")
    func signsOfLife() throws {
        let pool = try #require(
            try Self.pool(
                "tcp: {tcpKeepalive: {time: 7200s, probes: 9, interval: 75.9s}}, "
                    + "http: {maxConcurrentStreams: 8, "
                    + "http2KeepAlive: {interval: 30s, timeout: 0.5s}}"))
        #expect(pool.keepalive?.idleSeconds == 7200)
        #expect(pool.keepalive?.probes == 9)
        #expect(pool.keepalive?.intervalSeconds == 75)
        #expect(pool.concurrentStreams == 8)
        #expect(pool.pings == PoolPolicy.Pings(intervalMs: 30_000, timeoutMs: 500))
        #expect(try Self.pool("tcp: {tcpKeepalive: {}}")?.keepalive == PoolPolicy.Keepalive())
    }

    // MARK: - Outlier detection

    @Test("without a block no endpoint is ever left out; an empty one has Istio's defaults")
    func defaults() throws {
        #expect(try Self.cluster("loadBalancer: {simple: RANDOM}").outliers == nil)
        #expect(try Self.outliers("") == OutlierPolicy())
        #expect(OutlierPolicy().consecutive5xx == 5)
        #expect(OutlierPolicy().consecutiveGatewayErrors == 0)
        #expect(OutlierPolicy().maxEjectionPercent == 10)
    }

    @Test("every field of outlierDetection")
    func fields() throws {
        let outliers = try Self.outliers(
            "consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, interval: 1s, "
                + "baseEjectionTime: 3m, maxEjectionPercent: 100, minHealthPercent: 40, "
                + "splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2")
        let expected = OutlierPolicy(
            consecutive5xx: 0, consecutiveGatewayErrors: 3, consecutiveLocalOriginFailures: 2,
            splitsLocalOrigin: true, intervalMs: 1_000, baseEjectionMs: 180_000,
            maxEjectionPercent: 100, minHealthPercent: 40)
        #expect(outliers == expected)
        #expect(outliers.maxEjectionMs == 300_000)
        #expect(try Self.outliers("baseEjectionTime: 10m").maxEjectionMs == 600_000)
        #expect(
            try Self.outliers("splitExternalLocalOriginErrors: true")
                .consecutiveLocalOriginFailures == 5)
    }

    @Test("consecutiveErrors of old counts gateway errors, and nothing else does")
    func consecutiveErrors() throws {
        let old = try Self.outliers("consecutiveErrors: 1")
        #expect(old.consecutiveGatewayErrors == 1)
        #expect(old.consecutive5xx == 0)
        let both = try Self.outliers("consecutiveErrors: 1, consecutive5xxErrors: 4")
        #expect(both.consecutiveGatewayErrors == 1)
        #expect(both.consecutive5xx == 4)
        #expect(
            try Self.outliers("consecutiveErrors: 1, consecutiveGatewayErrors: 6")
                .consecutiveGatewayErrors == 6)
    }

    @Test("own error codes take the place of 5xx")
    func codes() throws {
        let outliers = try Self.outliers("outlierDetectionHttpErrorCodes: [503, 429]")
        #expect(outliers.errorCodes == [429, 503])
        #expect(outliers.counted(429) == 500)
        #expect(outliers.counted(503) == 503)
        #expect(outliers.counted(500) == 200)
        #expect(outliers.counted(200) == 200)
        #expect(OutlierPolicy().counted(500) == 500)
    }

    // MARK: - In words

    @Test(
        "outlierDetection where the client has chosen the address is warned of",
        arguments: [true, false])
    func outliersOfOriginals(isCaptured: Bool) {
        var node = MeshWorld.sidecar()
        if isCaptured { node.capture = Capture(inboundBind: nil) }
        func world(_ resolution: String, _ more: String) -> World {
            World(
                Piece.caller,
                """
                kind: ServiceEntry
                metadata: {name: any}
                spec:
                  hosts: [any.example]
                  addresses: [10.1.0.1]
                  ports: [{number: 80, name: http, protocol: HTTP}]
                  resolution: \(resolution)
                """,
                Piece.destinationRule(
                    "host: any.example\ntrafficPolicy: {outlierDetection: {}\(more)}"),
                node: node)
        }
        let words = "to any.example go to the address that the client dialled: none is left out"
        let none = world("NONE", "")
        #expect(none.says(words))
        #expect(none.cluster("outbound|80||any.example")?.outliers == nil)
        #expect(!world("DNS", "").says(words))
        #expect(world("DNS", ", loadBalancer: {simple: PASSTHROUGH}").says(words) == isCaptured)
    }

    @Test("what is said is told in short lines, and nothing else is")
    func words() throws {
        #expect(try Self.cluster("loadBalancer: {simple: RANDOM}").protectionSteps == [])
        let tutorial = try Self.cluster(
            """
            connectionPool:
              tcp: {maxConnections: 1}
              http: {http1MaxPendingRequests: 1, maxRequestsPerConnection: 1}
            outlierDetection:
              {consecutiveErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100}
            """)
        #expect(
            tutorial.protectionSteps == [
                "at most 1 connection, 1 request waiting",
                "a connection ends after one request",
                "an endpoint is left out for 180s and more after 1 gateway error in a row, "
                    + "100 % of them at most",
            ])
        let other = try Self.cluster(
            """
            connectionPool:
              http: {http2MaxRequests: 9, idleTimeout: 2s, maxConcurrentStreams: 4}
            outlierDetection: {consecutive5xxErrors: 0}
            """)
        #expect(
            other.protectionSteps == [
                "at most 9 requests under way", "a connection ends after 2s without one",
                "at most 4 at the same time on a connection", "an endpoint is never left out",
            ])
    }

    // MARK: - Changes

    @Test("a cluster stays the same object until its numbers change")
    func changes() throws {
        let before = Self.world("connectionPool: {tcp: {maxConnections: 3}}")
        let same = World(
            before.objects, previous: before.snapshot)
        #expect(same.cluster(Piece.a) === before.cluster(Piece.a))
        for other in ["connectionPool: {tcp: {maxConnections: 4}}", "outlierDetection: {}"] {
            let next = World(Self.world(other).objects, previous: before.snapshot)
            #expect(next.cluster(Piece.a) !== before.cluster(Piece.a))
        }
    }

    // MARK: - Inbound

    private static func inbound(sidecar: String, rule: String) throws -> PoolPolicy? {
        let world = World(
            Piece.service("a", ports: "{name: http, port: 80, targetPort: 8080}"),
            Piece.workload("a-1", app: "a", address: "10.0.0.1"),
            Piece.sidecar(named: "s", app: "a", sidecar),
            """
            kind: DestinationRule
            metadata: {name: a}
            spec:
              host: a
              trafficPolicy:
            \(rule.indented(4))
            """, node: MeshWorld.sidecar("a-1"))
        return try #require(world.cluster("inbound|8080||")).pool
    }

    @Test(
        "to the workload: its listener's pool, else its Sidecar's, else the port's, else the rule's",
        arguments: [(true, true, true, 1), (false, true, true, 2), (false, false, true, 3)] + [
            (false, false, false, 4)
        ])
    func precedence(listener: Bool, sidecar: Bool, port: Bool, connections: UInt32) throws {
        let own = listener ? ", connectionPool: {tcp: {maxConnections: 1}}" : ""
        let portRule =
            "portLevelSettings: [{port: {number: 80}, "
            + "connectionPool: {tcp: {maxConnections: 3}}}]"
        let pool = try Self.inbound(
            sidecar: """
                ingress: [{port: {number: 8080, protocol: HTTP, name: http}, \
                defaultEndpoint: "127.0.0.1:9000"\(own)}]
                \(sidecar ? "inboundConnectionPool: {tcp: {maxConnections: 2}}" : "")
                """,
            rule: """
                connectionPool: {tcp: {maxConnections: 4}}
                \(port ? portRule : "")
                """)
        #expect(pool?.limits?.connections == connections)
    }
}
