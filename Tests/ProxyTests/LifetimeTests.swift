// When connections to endpoints end by themselves: requests served, time without any, age, and
// pings that nobody answers.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("lifetimes of connections")
struct LifetimeTests {
    private static func pool(
        _ change: (inout PoolPolicy.Lifetime) -> Void = { _ in }, streams: UInt32 = .max,
        pings: PoolPolicy.Pings? = nil
    ) -> PoolPolicy {
        var lifetime = PoolPolicy.Lifetime()
        change(&lifetime)
        return PoolPolicy(lifetime: lifetime, concurrentStreams: streams, pings: pings)
    }

    private func rig(
        _ pool: PoolPolicy, speaks: Cluster.UpstreamProtocol = .http1,
        limits: (inout ProxyLimits) -> Void = { _ in }
    ) throws -> Rig {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.speak(speaks)
        plan.limit(pool)
        var settings = ProxySettings()
        limits(&settings.limits)
        return try Rig(plan, backends: [backend], settings: settings)
    }

    private func protection(_ rig: Rig, _ stat: ProtectionStat) throws -> UInt64 {
        try rig.sample.protection["outbound|80||a"]?[stat] ?? 0
    }

    @Test("a connection serves its share of requests and closes", arguments: [1, 2])
    func requests(share: UInt32) throws {
        let rig = try rig(Self.pool { $0.requests = share })
        let client = try rig.connect()
        for _ in 0..<2 {
            try client.send(PlainRequest.get)
            let upstream = try rig.accept()
            for number in 0..<share {
                if number > 0 { try client.send(PlainRequest.get) }
                _ = try upstream.readHead()
                try upstream.send(PlainRequest.ok)
                try client.readOK()
            }
            #expect(try upstream.readToEnd().end == .finished)
        }
        #expect(try rig.cluster(.upstreamCxMaxRequests) == 2)
        #expect(try rig.cluster(.upstreamCxTotal) == 2)
        try rig.settle()
    }

    @Test("over HTTP/2 the last request of the share is served, and the next goes elsewhere")
    func streamShare() throws {
        let rig = try rig(Self.pool { $0.requests = 2 }, speaks: .http2)
        let clients = try (0..<3).map { _ in try rig.connect() }
        try clients[0].send(PlainRequest.get)
        let first = try H2Endpoint(try rig.accept())
        _ = try first.request()
        try clients[1].send(PlainRequest.get)
        _ = try first.request(1)
        try clients[2].send(PlainRequest.get)
        let second = try H2Endpoint(try rig.accept())
        for (endpoint, number) in [(first, 0), (first, 1), (second, 0)] {
            try endpoint.answerOK(try endpoint.request(number))
        }
        for client in clients { try client.readOK() }
        #expect(throws: Wire.Failure.self) { try first.wait("the end") { () -> Void? in nil } }
        #expect(try rig.cluster(.upstreamCxMaxRequests) == 1)
        try rig.settle()
    }

    @Test("so many requests at the same time on one HTTP/2 connection, however many the peer takes")
    func streamsAtOnce() throws {
        let rig = try rig(Self.pool(streams: 1), speaks: .http2)
        let clients = try (0..<2).map { _ in try rig.connect() }
        try clients[0].send(PlainRequest.get)
        let first = try H2Endpoint(try rig.accept())
        let stream = try first.request()
        try clients[1].send(PlainRequest.get)
        let second = try H2Endpoint(try rig.accept())
        let other = try second.request()
        try first.answerOK(stream)
        try second.answerOK(other)
        for client in clients { try client.readOK() }
        #expect(try rig.cluster(.upstreamCxTotal) == 2)
        try rig.settle()
    }

    @Test(
        "a connection ends after the cluster's idle time, not the process's",
        arguments: [Cluster.UpstreamProtocol.http1, .http2])
    func idle(speaks: Cluster.UpstreamProtocol) throws {
        let rig = try rig(Self.pool { $0.httpIdleMs = 100 }, speaks: speaks)
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        try rig.accept().serve(speaks)
        try client.readOK()
        try Wire.wait(for: "its end") {
            try rig.cluster(.upstreamCxActive) == 0 ? () : nil
        }
        #expect(try rig.cluster(.upstreamCxIdleTimeout) == 1)
        try rig.settle()
    }

    @Test("an idle time of zero is none")
    func neverIdle() throws {
        let rig = try rig(Self.pool { $0.httpIdleMs = 0 }) { $0.upstreamIdleMs = 50 }
        let (client, upstream, _) = try rig.open(PlainRequest.get)
        try upstream.send(PlainRequest.ok)
        try client.readOK()
        let started = Machine.monotonicNs
        try Wire.wait(for: "four times the process's limit") {
            Machine.monotonicNs - started > 200_000_000 ? () : nil
        }
        try client.send(PlainRequest.get)
        _ = try upstream.readHead()
        try upstream.send(PlainRequest.ok)
        try client.readOK()
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    @Test("a connection that is old enough finishes its answer and takes no more")
    func duration() throws {
        let rig = try rig(Self.pool { $0.durationMs = 100 })
        let (client, upstream, _) = try rig.open(PlainRequest.get)
        try Wire.wait(for: "its age") {
            try protection(rig, .cxMaxDurationReached) == 1 ? () : nil
        }
        try upstream.send(PlainRequest.ok)
        try client.readOK()
        #expect(try upstream.readToEnd().end == .finished)
        // One that idles ends at once.
        try client.send(PlainRequest.get)
        let next = try rig.accept()
        _ = try next.readHead()
        try next.send(PlainRequest.ok)
        try client.readOK()
        #expect(try next.readToEnd().end == .finished)
        #expect(try protection(rig, .cxMaxDurationReached) == 2)
        try rig.settle()
    }

    @Test("pings are answered, and cost the connection nothing, however many they are")
    func pings() throws {
        let rig = try rig(
            Self.pool(pings: PoolPolicy.Pings(intervalMs: 1, timeoutMs: 5_000)), speaks: .http2)
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        let endpoint = try H2Endpoint(try rig.accept())
        let stream = try endpoint.request()
        let started = Machine.monotonicNs
        try endpoint.wait("many pings") {
            Machine.monotonicNs - started > 300_000_000 ? () : nil
        }
        try endpoint.answerOK(stream)
        try client.readOK()
        #expect(try protection(rig, .http2KeepaliveTimeout) == 0)
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    @Test("a peer that answers no ping is gone, and so are its requests")
    func silent() throws {
        let rig = try rig(
            Self.pool(pings: PoolPolicy.Pings(intervalMs: 50, timeoutMs: 50)), speaks: .http2)
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        let endpoint = try H2Endpoint(try rig.accept())
        _ = try endpoint.request()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try client.read(to: "keepalive timeout").contains("connection termination"))
        #expect(try protection(rig, .http2KeepaliveTimeout) == 1)
        try rig.settle()
    }

    @Test("other settings make other connections: those that wait are closed")
    func changed() throws {
        let backend = try Backend()
        let rig = try Rig(.forwarding(to: [backend.address]), backends: [backend])
        let (client, upstream, _) = try rig.open(PlainRequest.get)
        try upstream.send(PlainRequest.ok)
        try client.readOK()
        var plan = Plan.forwarding(to: [backend.address])
        plan.limit(Self.pool { $0.durationMs = 60_000 })
        try rig.adopt(plan)
        #expect(try upstream.readToEnd().end == .finished)
        try rig.settle()
    }
}
