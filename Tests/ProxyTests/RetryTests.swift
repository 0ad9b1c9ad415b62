// Requests that are tried again because their route says so: after which failures, where, how
// often, and with which body.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("retries")
struct RetryTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    static let broken = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nsick"

    static func policy(
        _ conditions: RetryConditions, attempts: UInt32 = 2, statuses: [UInt16] = [],
        perTryTimeoutMs: UInt32 = 0
    ) -> RoutePolicy {
        RoutePolicy(
            retry: RetryPolicy(
                attempts: attempts, perTryTimeoutMs: perTryTimeoutMs, conditions: conditions,
                statuses: statuses, backoffMs: 1))
    }

    @Test("a bad answer is swallowed, and its connection is used again")
    func swallowed() throws {
        let (rig, backend) = try Rig.forwarding(Self.policy(.serverError))
        let (client, upstream, first) = try rig.open(Self.get)
        try upstream.send(Self.broken)
        let second = try upstream.readHead()
        #expect(first.components(of: "x-envoy-attempt-count") == ["x-envoy-attempt-count: 1"])
        #expect(second.components(of: "x-envoy-attempt-count") == ["x-envoy-attempt-count: 2"])
        #expect(first.components(of: "x-request-id") == second.components(of: "x-request-id"))
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try client.read(count: 2) == "ok")
        #expect(backend.acceptNow() == nil)
        #expect(try rig.cluster(.upstreamRqRetry) == 1)
        #expect(try rig.cluster(.upstreamRqRetrySuccess) == 1)
        #expect(try rig.cluster(.upstreamRqTotal) == 2)
        // What was tried again counts as a retry and not as an answer.
        #expect(try rig.cluster(.upstreamRq5xx) == 0)
        try rig.settle()
    }

    @Test("the last answer is passed on as it is, with all attempts used")
    func exhausted() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(.serverError))
        let (client, upstream, _) = try rig.open(Self.get)
        for _ in 0..<2 {
            try upstream.send(Self.broken)
            _ = try upstream.readHead()
        }
        try upstream.send(Self.broken)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(try client.read(count: 4) == "sick")
        #expect(try rig.cluster(.upstreamRqRetry) == 2)
        #expect(try rig.cluster(.upstreamRqRetryLimitExceeded) == 1)
        #expect(try rig.cluster(.upstreamRqRetrySuccess) == 0)
        #expect(try rig.cluster(.upstreamRq5xx) == 1)
        let series = try rig.sample.requests
        #expect(series.contains { $0.key.responseFlags.description == "URX" })
        try rig.settle()
    }

    private static let answers:
        [(conditions: RetryConditions, statuses: [UInt16], head: String, again: Bool)] = [
            (.serverError, [], "500 X", true), (.serverError, [], "499 X", false),
            (.gatewayError, [], "502 X", true), (.gatewayError, [], "504 X", true),
            (.gatewayError, [], "500 X", false), (.retriable4xx, [], "409 X", true),
            (.retriable4xx, [], "404 X", false), (.statusCodes, [429], "429 X", true),
            (.statusCodes, [429], "428 X", false), (.statusCodes, [302], "302 X", true),
            (.statusCodes, [], "503 X", false), (.standard, [], "503 X", false),
            (.connectFailure, [], "503 X", false), (.reset, [], "503 X", false),
            (.serverError, [], "503 X\r\nx-envoy-ratelimited: true", false),
            (.rateLimited, [], "429 X\r\nX-Envoy-RateLimited: true", true),
            (.rateLimited, [], "429 X", false),
        ]

    @Test("an answer is tried again where a condition of the route says so", arguments: answers)
    func conditions(
        conditions: RetryConditions, statuses: [UInt16], head: String, again: Bool
    ) throws {
        let (rig, _) = try Rig.forwarding(
            Self.policy(conditions, attempts: 1, statuses: statuses))
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 \(head)\r\nContent-Length: 0\r\n\r\n")
        if again {
            _ = try upstream.readHead()
            try upstream.send(Self.ok)
            #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        } else {
            #expect(try client.readHead().hasPrefix("HTTP/1.1 \(head.prefix(3)) "))
        }
        #expect(try rig.cluster(.upstreamRqRetry) == (again ? 1 : 0))
        try rig.settle()
    }

    @Test(
        "a connection that breaks off without an answer is tried again by reset, 5xx, gateway-error",
        arguments: [
            (.reset, true), (.serverError, true), (.gatewayError, true), (.connectFailure, false),
            (.resetBeforeRequest, false), (.standard, false),
        ] as [(RetryConditions, Bool)])
    func reset(conditions: RetryConditions, again: Bool) throws {
        let (rig, backend) = try Rig.forwarding(Self.policy(conditions, attempts: 1))
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
        #expect(try upstream.read(count: 4) == "body")
        upstream.close()
        if again {
            let other = try rig.accept()
            _ = try other.readHead()
            #expect(try other.read(count: 4) == "body")
            try other.send(Self.ok)
            #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        } else {
            #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
            #expect(backend.acceptNow() == nil)
        }
        try rig.settle()
    }

    @Test("nobody there: three tries by default, then 503 UF,URX")
    func refused() throws {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: try refusedPort()))
        let rig = try Rig(.forwarding(to: [address], route: .standard))
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        let body = try client.read(to: "refused")
        #expect(
            body == "upstream connect error or disconnect/reset before headers. retried and the "
                + "latest reset reason: remote connection failure, transport failure reason: "
                + "delayed connect error: Connection refused")
        #expect(try rig.cluster(.upstreamCxConnectFail) == 3)
        #expect(try rig.cluster(.upstreamRqRetry) == 2)
        let series = try rig.sample.requests
        #expect(series.contains { $0.key.responseFlags.description == "UF,URX" })
        try rig.settle()
    }

    @Test("another endpoint is asked where one failed")
    func elsewhere() throws {
        let dead = try #require(SocketAddress(host: "127.0.0.1", port: try refusedPort()))
        let backend = try Backend()
        let rig = try Rig(
            .forwarding(
                to: [dead, backend.address], policy: .roundRobin, route: Self.policy(.standard)),
            backends: [backend])
        for _ in 0..<4 {
            let client = try rig.connect()
            try client.send(Self.get)
            let upstream = try rig.accept()
            _ = try upstream.readHead()
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        }
        // Round robin met the dead one, and no request met it twice.
        let retries = try rig.cluster(.upstreamRqRetry)
        #expect(retries > 0 && retries <= 4)
        #expect(try rig.cluster(.upstreamCxConnectFail) == retries)
        try rig.settle()
    }

    @Test("what of a body came before the failure is sent again, the rest follows")
    func partOfTheBody() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(.reset))
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
        #expect(try upstream.read(count: 5) == "first")
        upstream.close()
        let other = try rig.accept()
        _ = try other.readHead()
        #expect(try other.read(count: 5) == "first")
        try client.send("final")
        #expect(try other.read(count: 5) == "final")
        try other.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("a chunked body keeps its end and its trailers")
    func chunks() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(.reset))
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nfirst\r\n5\r\nfinal\r\n0\r\nx-sum: 1\r\n\r\n")
        _ = try upstream.read(to: "x-sum: 1\r\n\r\n")
        upstream.close()
        let other = try rig.accept()
        _ = try other.readHead()
        #expect(try other.read(to: "0\r\nx-sum: 1\r\n\r\n").contains("a\r\nfirstfinal\r\n"))
        try other.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("a body beyond the limit goes up once", arguments: [true, false])
    func tooLong(isTotal: Bool) throws {
        let (rig, backend) = try Rig.forwarding(Self.policy(.reset)) {
            if isTotal { $0.replayTotalBytesMax = 7 } else { $0.replayBytesMax = 7 }
        }
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n12345678")
        #expect(try upstream.read(count: 8) == "12345678")
        upstream.close()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(backend.acceptNow() == nil)
        #expect(try rig.cluster(.retryOrShadowAbandoned) == 1)
        #expect(try rig.cluster(.upstreamRqRetry) == 0)
        try rig.settle()
        #expect(try rig.onLoop { $0.replayBytes } == 0)
    }

    @Test("a body is kept until its connection stands, and no longer where nothing else is retried")
    func keptForTheConnection() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(.connectFailure))
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n1234")
        #expect(try upstream.read(count: 4) == "1234")
        #expect(try rig.onLoop { $0.replayBytes } == 0)
        try client.send("5678")
        #expect(try upstream.read(count: 4) == "5678")
        #expect(try rig.onLoop { $0.replayBytes } == 0)
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("an answer that comes before the body is tried again with the part that is there")
    func early() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(.serverError))
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        try upstream.send("HTTP/1.1 100 Continue\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 100 "))
        try upstream.send(Self.broken)
        let other = try rig.accept()
        _ = try other.readHead()
        // The client has been told already.
        try other.send("HTTP/1.1 100 Continue\r\n\r\n")
        try client.send("body")
        #expect(try other.read(count: 4) == "body")
        try other.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("an answer that has begun is never tried again")
    func begun() throws {
        let (rig, backend) = try Rig.forwarding(Self.policy([.reset, .serverError]))
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        #expect(try client.read(to: "half") != "")
        upstream.close()
        _ = try client.readToEnd()
        #expect(backend.acceptNow() == nil)
        #expect(try rig.cluster(.upstreamRqRetry) == 0)
        try rig.settle()
    }

    @Test(
        "a long bad answer costs its connection", arguments: ["Content-Length: 70000", "chunked"])
    func longAnswer(framing: String) throws {
        let (rig, _) = try Rig.forwarding(Self.policy(.serverError))
        let (client, upstream, _) = try rig.open(Self.get)
        let field = framing == "chunked" ? "Transfer-Encoding: chunked" : framing
        try upstream.send("HTTP/1.1 500 X\r\n\(field)\r\n\r\n")
        let other = try rig.accept()
        _ = try other.readHead()
        try other.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        #expect(try upstream.readToEnd().text == "")
        try rig.settle()
    }

    @Test("an endpoint that never ends its bad answer loses the connection it holds")
    func endlessAnswer() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(.serverError)) { $0.lingerMs = 20 }
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nhalf")
        let other = try rig.accept()
        _ = try other.readHead()
        #expect(try upstream.readToEnd().text == "")
        try other.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("a client that leaves in the pause takes its request with it")
    func leaves() throws {
        let policy = RoutePolicy(
            retry: RetryPolicy(attempts: 2, conditions: .serverError, backoffMs: 600_000))
        let (rig, backend) = try Rig.forwarding(policy)
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(Self.broken)
        try Wire.wait(for: "the pause") { try rig.cluster(.upstreamRqRetry) == 1 ? () : nil }
        client.reset()
        try Wire.wait(for: "the end") { try rig.onLoop { $0.activeCount } == 0 ? () : nil }
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("a request that waits is tried by whatever the configuration is by then")
    func reconfigured() throws {
        let dead = try #require(SocketAddress(host: "127.0.0.1", port: try refusedPort()))
        let backend = try Backend()
        // Full jitter: one of 50 pauses from [0, 20 s) is all but certainly long enough.
        let policy = RoutePolicy(
            retry: RetryPolicy(attempts: 1, conditions: .connectFailure, backoffMs: 300))
        let rig = try Rig(.forwarding(to: [dead], route: policy), backends: [backend])
        let clients = try (0..<20).map { _ in try rig.connect() }
        for client in clients { try client.send(Self.get) }
        try Wire.wait(for: "all to wait") {
            try rig.cluster(.upstreamRqRetry) == 20 ? () : nil
        }
        try rig.adopt(.forwarding(to: [backend.address], route: policy))
        let late = try rig.accept()
        #expect(try late.readHead().contains("x-envoy-attempt-count: 2\r\n"))
        try rig.settle()
    }

    // MARK: - Limits of the cluster

    private func limited(
        _ change: (inout PoolPolicy.Limits) -> Void
    ) throws -> (Rig, Backend) {
        let backend = try Backend()
        // A pause that no test waits for the end of.
        let policy = RoutePolicy(
            retry: RetryPolicy(attempts: 2, conditions: .serverError, backoffMs: 600_000))
        var plan = Plan.forwarding(to: [backend.address], route: policy)
        plan.limit(PoolLimitTests.limits(change))
        return (try Rig(plan, backends: [backend]), backend)
    }

    /// Requests that fail, one after the other; those that wait for another try.
    private func waiting(_ rig: Rig, of count: Int) throws -> [Wire] {
        var left: [Wire] = []
        for _ in 0..<count {
            let before = try rig.cluster(.upstreamRqRetry)
            let overflows = try rig.cluster(.upstreamRqRetryOverflow)
            let (client, upstream, _) = try rig.open(Self.get)
            try upstream.send(
                "HTTP/1.1 503 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            try Wire.wait(for: "a pause or an answer") {
                let waits = try rig.cluster(.upstreamRqRetry) > before
                let isRefused = try rig.cluster(.upstreamRqRetryOverflow) > overflows
                return waits || isRefused ? () : nil
            }
            if try rig.cluster(.upstreamRqRetry) > before {
                left.append(client)
            } else {
                #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
            }
        }
        return left
    }

    /// A mere FIN would only say that the client has nothing more to send.
    private func leave(_ rig: Rig, _ clients: [Wire]) throws {
        for client in clients { client.reset() }
        try rig.settle()
        // Places of those that left are free again.
        let taken = try rig.onLoop { worker -> [UInt32] in
            let limits = worker.cluster(at: 0).limits
            return [limits?.retries.value ?? 1, limits?.requests.value ?? 1]
        }
        #expect(taken == [0, 0])
    }

    @Test("no more retries at the same time than maxRetries: the answer is passed on, UO")
    func maxRetries() throws {
        let (rig, _) = try limited { $0.retries = 2 }
        let clients = try waiting(rig, of: 4)
        #expect(clients.count == 2)
        #expect(try rig.cluster(.upstreamRqRetryOverflow) == 2)
        #expect(try rig.sample.requests.contains { $0.key.responseFlags == .upstreamOverflow })
        try leave(rig, clients)
    }

    @Test("a retry budget allows its least, however few requests there are")
    func budget() throws {
        let (rig, _) = try limited { $0.retryBudget = .init(share: 200_000, least: 3) }
        let clients = try waiting(rig, of: 5)
        #expect(clients.count == 3)
        try leave(rig, clients)
    }

    @Test("a retry budget grows with the requests that are under way")
    func budgetShare() throws {
        let (rig, _) = try limited { $0.retryBudget = .init(share: 500_000, least: 0) }
        let others = try (0..<4).map { _ in try rig.open(Self.get) }
        // Half of the four that are served and the one that fails.
        let clients = try waiting(rig, of: 4)
        #expect(clients.count == 2)
        for other in others { other.upstream.close() }
        try leave(rig, clients)
    }

    @Test("a retry budget with an interval grows with requests that are over as well")
    func budgetOfAnInterval() throws {
        let (rig, backend) = try limited {
            $0.retryBudget = .init(share: 250_000, least: 0, intervalMs: 3_600_000)
        }
        let client = try rig.connect()
        try client.send(Self.get)
        let upstream = try backend.accept()
        for number in 0..<7 {
            if number > 0 { try client.send(Self.get) }
            _ = try upstream.readHead()
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            _ = try client.readHead()
        }
        client.close()
        upstream.close()
        // A quarter of the seven that were served and the first, second .. that fails: 2 of 8 to
        // 11, and 3 of 12.
        let clients = try waiting(rig, of: 4)
        #expect(clients.count == 2)
        let more = try waiting(rig, of: 1)
        #expect(more.count == 1)
        try leave(rig, clients + more)
    }
}
