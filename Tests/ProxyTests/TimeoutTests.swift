// Answers that take too long: the whole of them, and a single try.
// Times are compared with what the test itself measured; nothing here has to be fast.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("timeouts")
struct TimeoutTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private static func policy(
        _ timeoutMs: UInt32, perTry: UInt32 = 0, attempts: UInt32 = 0,
        conditions: RetryConditions = .reset
    ) -> RoutePolicy {
        RoutePolicy(
            timeoutMs: timeoutMs,
            retry: RetryPolicy(
                attempts: attempts, perTryTimeoutMs: perTry, conditions: conditions, backoffMs: 1))
    }

    @Test("no answer in time is 504 UT, and not before")
    func late() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(50))
        let begun = Machine.monotonicNs
        let (client, upstream, head) = try rig.open(Self.get)
        #expect(head.contains("x-envoy-expected-rq-timeout-ms: 50\r\n"))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
        #expect(try client.read(to: "timeout") == "upstream request timeout")
        #expect(Machine.monotonicNs - begun >= 50_000_000)
        #expect(try upstream.readToEnd().text == "")
        #expect(try rig.cluster(.upstreamRqTimeout) == 1)
        #expect(try rig.cluster(.upstreamRq5xx) == 1)
        #expect(try rig.sample.requests.contains { $0.key.responseFlags.description == "UT" })
        // The client's connection goes on.
        try client.send(Self.get)
        let next = try rig.accept()
        _ = try next.readHead()
        try next.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("an answer in time takes the timer with it")
    func inTime() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(60_000, perTry: 50_000))
        let (client, upstream, head) = try rig.open(Self.get)
        #expect(head.contains("x-envoy-expected-rq-timeout-ms: 50000\r\n"))
        try upstream.send(Self.ok)
        #expect(try client.read(to: "ok") != "")
        try Wire.wait(for: "the end") { try rig.onLoop { $0.activeCount } == 0 ? () : nil }
        // The two connections' own timers are left.
        #expect(try rig.onLoop { $0.loop.timers.count } <= 2)
        try rig.settle()
    }

    @Test("without a timeout nothing is told of one")
    func none() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(0))
        let (client, upstream, head) = try rig.open(
            "GET / HTTP/1.1\r\nHost: a\r\nx-envoy-upstream-rq-timeout-ms: 1\r\n\r\n")
        #expect(!head.contains("timeout"))
        try upstream.send(Self.ok)
        #expect(try client.read(to: "ok") != "")
        try rig.settle()
    }

    @Test("the clock starts when the request is complete")
    func slowClient() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(40))
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo")
        let begun = Machine.monotonicNs
        // Longer than the timeout, on the proxy's own clock.
        try Wire.wait(for: "more than 60 ms") {
            Machine.monotonicNs - begun > 60_000_000 ? () : nil
        }
        #expect(try rig.cluster(.upstreamRqTimeout) == 0)
        let complete = Machine.monotonicNs
        try client.send("dy")
        #expect(try upstream.read(count: 4) == "body")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 504 "))
        #expect(Machine.monotonicNs - complete >= 40_000_000)
        try rig.settle()
    }

    @Test("an answer that has begun is cut off")
    func cut() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(60))
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        #expect(try client.read(to: "half").hasPrefix("HTTP/1.1 200 "))
        #expect(!(try client.readToEnd().text.contains("0\r\n\r\n")))
        #expect(try rig.cluster(.upstreamRqTimeout) == 1)
        #expect(
            try rig.sample.requests.contains {
                $0.key.responseFlags.description == "UT" && $0.key.responseCode == 200
            })
        try rig.settle()
    }

    @Test("all tries and the pauses between them share one timeout")
    func overAllTries() throws {
        let (rig, _) = try Rig.forwarding(
            Self.policy(80, attempts: 1000, conditions: .serverError))
        let begun = Machine.monotonicNs
        let (client, upstream, _) = try rig.open(Self.get)
        var tries = 1
        while Machine.monotonicNs - begun < 40_000_000 {
            try upstream.send("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
            let head = try upstream.readHead()
            tries += 1
            #expect(head.contains("x-envoy-attempt-count: \(tries)\r\n"))
        }
        #expect(try client.readHead().hasPrefix("HTTP/1.1 504 "))
        #expect(try client.read(to: "timeout") == "upstream request timeout")
        #expect(Machine.monotonicNs - begun >= 80_000_000)
        try rig.settle()
    }

    @Test("a try that takes too long is given up for another one")
    func perTry() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(0, perTry: 30, attempts: 1))
        let (client, first, _) = try rig.open(Self.get)
        let second = try rig.accept()
        #expect(try second.readHead().contains("x-envoy-attempt-count: 2\r\n"))
        #expect(try first.readToEnd().text == "")
        try second.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        #expect(try rig.cluster(.upstreamRqPerTryTimeout) == 1)
        #expect(try rig.cluster(.upstreamRqTimeout) == 0)
        try rig.settle()
    }

    @Test("the last try that takes too long is 504 UT,URX")
    func perTryExhausted() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(0, perTry: 20, attempts: 2))
        let begun = Machine.monotonicNs
        let (client, _, _) = try rig.open(Self.get)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 504 "))
        #expect(try client.read(to: "timeout") == "upstream request timeout")
        #expect(Machine.monotonicNs - begun >= 60_000_000)
        #expect(try rig.cluster(.upstreamRqPerTryTimeout) == 3)
        #expect(try rig.sample.requests.contains { $0.key.responseFlags.description == "UT,URX" })
        try rig.settle()
    }

    @Test("a try that takes too long is not tried again by conditions that need a failure")
    func perTryAlone() throws {
        let (rig, _) = try Rig.forwarding(
            Self.policy(0, perTry: 20, attempts: 2, conditions: .standard))
        let (client, _, _) = try rig.open(Self.get)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 504 "))
        #expect(try rig.cluster(.upstreamRqRetry) == 0)
        try rig.settle()
    }

    @Test("a try's limit ends with the head of its answer")
    func perTryAfterHead() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(0, perTry: 30, attempts: 1))
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        let begun = Machine.monotonicNs
        #expect(try client.read(to: "half") != "")
        try Wire.wait(for: "more than 50 ms") {
            Machine.monotonicNs - begun > 50_000_000 ? () : nil
        }
        try upstream.send("rest")
        #expect(try client.read(count: 4) == "rest")
        try rig.settle()
    }

    @Test("a WebSocket that stands is no answer that could take too long")
    func tunnel() throws {
        let (rig, _) = try Rig.forwarding(Self.policy(30))
        let (client, upstream, _) = try rig.open(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        try upstream.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        let begun = Machine.monotonicNs
        try Wire.wait(for: "more than 50 ms") {
            Machine.monotonicNs - begun > 50_000_000 ? () : nil
        }
        try upstream.send("ping")
        #expect(try client.read(count: 4) == "ping")
        try rig.settle()
    }
}
