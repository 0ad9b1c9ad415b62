// Faults made on purpose: delays that hold nothing up but their request, and errors.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("faults")
struct FaultTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    private static let all: UInt32 = 1_000_000

    private static func delay(_ milliseconds: UInt32, timeoutMs: UInt32 = 0) -> RoutePolicy {
        RoutePolicy(
            timeoutMs: timeoutMs,
            fault: FaultPolicy(
                delay: .init(milliseconds: milliseconds, share: all), abort: nil, abortShare: 0))
    }

    private static func abort(_ abort: FaultPolicy.Abort, share: UInt32 = all) -> RoutePolicy {
        RoutePolicy(fault: FaultPolicy(delay: nil, abort: abort, abortShare: share))
    }

    private func flags(_ rig: Rig) throws -> [String] {
        try rig.sample.requests.map(\.key.responseFlags.description)
    }

    @Test("a delayed request goes up later, and not before")
    func delayed() throws {
        let (rig, backend) = try Rig.forwarding(Self.delay(60))
        let client = try rig.connect()
        let begun = Machine.monotonicNs
        try client.send(Self.get)
        try Wire.wait(for: "the delay") { try rig.http(.faultActive) == 1 ? () : nil }
        if Machine.monotonicNs - begun < 50_000_000 { #expect(backend.acceptNow() == nil) }
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        #expect(Machine.monotonicNs - begun >= 60_000_000)
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        #expect(try rig.http(.faultDelaysInjected) == 1)
        #expect(try rig.http(.faultActive) == 0)
        #expect(try flags(rig) == ["DI"])
        try rig.settle()
    }

    @Test("a delay does not use up the timeout, and is not counted by it")
    func notCounted() throws {
        let (rig, _) = try Rig.forwarding(Self.delay(80, timeoutMs: 40))
        let begun = Machine.monotonicNs
        let (client, upstream, head) = try rig.open(Self.get)
        #expect(head.contains("x-envoy-expected-rq-timeout-ms: 40\r\n"))
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        #expect(Machine.monotonicNs - begun >= 80_000_000)
        try rig.settle()
    }

    @Test("other requests pass while one is held up")
    func others() throws {
        let backend = try Backend()
        var plan = Plan.forwarding(
            to: [backend.address], path: Plan.prefix("/slow"), route: Self.delay(600_000))
        plan.routes.append(Plan.route(to: 0))
        let rig = try Rig(plan, backends: [backend])
        let slow = try rig.connect()
        try slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try Wire.wait(for: "the delay") { try rig.http(.faultActive) == 1 ? () : nil }
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        // And a client that has had enough takes its request with it.
        slow.reset()
        try Wire.wait(for: "its end") { try rig.http(.faultActive) == 0 ? () : nil }
        try rig.settle()
    }

    @Test("a body that comes during the delay waits, and its client with it")
    func body() throws {
        let (rig, _) = try Rig.forwarding(Self.delay(100))
        let client = try rig.connect()
        let length = 8 << 20
        try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
        var sent = 0
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        while try rig.http(.faultActive) == 1 {
            if sent < length { sent += try client.offer(Array(block.prefix(length - sent))) }
            // The high-water mark, and what one read may bring beyond it.
            #expect(try rig.onLoop { $0.replayBytes } <= 128 * 1024)
        }
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        let feeding = Feeder(client, block, left: length - sent)
        var read = 0
        try Wire.wait(for: "all of the body", patienceMs: 60_000) {
            try feeding.feed()
            read += try upstream.readNow().utf8.count
            return read == length ? () : nil
        }
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        #expect(try rig.onLoop { $0.replayBytes } == 0)
        try rig.settle()
    }

    /// Sends what is left as the proxy takes it.
    private final class Feeder {
        private let wire: Wire
        private let block: [UInt8]
        private var left: Int

        init(_ wire: Wire, _ block: [UInt8], left: Int) {
            self.wire = wire
            self.block = block
            self.left = left
        }

        func feed() throws {
            if left > 0 { left -= try wire.offer(Array(block.prefix(left))) }
        }
    }

    @Test("an aborted request never goes up")
    func aborted() throws {
        let (rig, backend) = try Rig.forwarding(Self.abort(.http(555)))
        let client = try rig.connect()
        for _ in 0..<2 {
            try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
            let head = try client.readHead()
            #expect(head.hasPrefix("HTTP/1.1 555 "))
            #expect(head.contains("content-type: text/plain\r\n"))
            #expect(head.contains("content-length: 18\r\n"))
            #expect(try client.read(count: 18) == "fault filter abort")
        }
        #expect(backend.acceptNow() == nil)
        #expect(try rig.http(.faultAbortsInjected) == 2)
        #expect(try rig.cluster(.upstreamRqTotal) == 0)
        #expect(try flags(rig) == ["FI"])
        #expect(try rig.http(.downstreamRq5xx) == 2)
        try rig.settle()
    }

    @Test("a delay comes first, then the error: DI,FI")
    func both() throws {
        let (rig, backend) = try Rig.forwarding(
            RoutePolicy(
                fault: FaultPolicy(
                    delay: .init(milliseconds: 30, share: Self.all), abort: .http(418),
                    abortShare: Self.all)))
        let client = try rig.connect()
        let begun = Machine.monotonicNs
        try client.send(Self.get)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 418 "))
        #expect(Machine.monotonicNs - begun >= 30_000_000)
        #expect(backend.acceptNow() == nil)
        #expect(try flags(rig) == ["DI,FI"])
        try rig.settle()
    }

    @Test("calls of gRPC get the status that is asked for, or the one that HTTP's becomes")
    func grpc() throws {
        func answer(_ abort: FaultPolicy.Abort, _ type: String) throws -> String {
            let (rig, _) = try Rig.forwarding(Self.abort(abort))
            let client = try rig.connect()
            try client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Type: \(type)\r\n\r\n")
            let head = try client.readHead()
            try rig.settle()
            return head
        }
        let asked = try answer(.grpc(7), "application/grpc")
        #expect(asked.hasPrefix("HTTP/1.1 200 ") && asked.contains("grpc-status: 7\r\n"))
        #expect(asked.contains("grpc-message: fault filter abort\r\n"))
        #expect(try answer(.http(503), "application/grpc").contains("grpc-status: 14\r\n"))
        #expect(try answer(.http(401), "application/grpc+proto").contains("grpc-status: 16\r\n"))
        let plain = try answer(.grpc(7), "text/plain")
        #expect(plain.hasPrefix("HTTP/1.1 200 ") && !plain.contains("grpc-status"))
    }

    @Test("shares are drawn one request at a time")
    func shares() throws {
        let (rig, _) = try Rig.forwarding(Self.abort(.http(500), share: 250_000))
        try rig.adopt(
            Plan.forwarding(to: [], route: Self.abort(.http(500), share: 250_000)))
        let client = try rig.connect()
        let requests = 4000
        for _ in 0..<(requests / 100) {
            try client.send(String(repeating: Self.get, count: 100))
            for _ in 0..<100 { _ = try client.readHead() }
        }
        let aborted = Double(try rig.http(.faultAbortsInjected))
        #expect(abs(aborted - 1000) <= 5 * (1000 * 0.75).squareRoot())
        #expect(
            try rig.cluster(.upstreamCxNoneHealthy) + UInt64(aborted) == UInt64(requests))
        try rig.settle()
    }
}
