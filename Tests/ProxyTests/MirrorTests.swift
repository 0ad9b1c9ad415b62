// Copies of requests: what holds them within bounds, and that none of them is ever left over.
// What a copy says and who gets one is asked of the whole proxy, end to end.
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("mirrors")
struct MirrorTests {
    /// Requests go to the first endpoint and a copy of each to the second.
    private func rig(
        limits: (inout ProxyLimits) -> Void = { _ in }
    ) throws -> (rig: Rig, original: Backend, copy: Backend) {
        let original = try Backend()
        let copy = try Backend()
        var settings = ProxySettings()
        limits(&settings.limits)
        return (
            try Rig(
                .mirroring(original.address, to: copy.address), backends: [original, copy],
                settings: settings),
            original, copy
        )
    }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test("a copy goes out behind its original, and its answer goes nowhere")
    func copied() throws {
        let (rig, original, copy) = try rig()
        let client = try rig.connect()
        try client.send("GET /x HTTP/1.1\r\nHost: a:80\r\n\r\n")
        let upstream = try rig.accept(original)
        _ = try upstream.readHead()
        let shadow = try rig.accept(copy)
        #expect(try shadow.readHead().hasPrefix("GET /x HTTP/1.1\r\nhost: a-shadow:80\r\n"))
        try shadow.send("HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nsoon")
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try client.read(count: 2) == "ok")
        // The connection is kept: the next copy goes out on it.
        try client.send("GET /y HTTP/1.1\r\nHost: a:80\r\n\r\n")
        #expect(try shadow.readHead().hasPrefix("GET /y "))
        #expect(try rig.cluster(.upstreamCxTotal, "b") == 1)
        try rig.settle()
    }

    @Test("a copy without an answer ends after its time, and its connection with it")
    func patience() throws {
        let (rig, original, copy) = try rig { $0.mirrorMs = 50 }
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let upstream = try rig.accept(original)
        let shadow = try rig.accept(copy)
        _ = try shadow.readHead()
        #expect(try shadow.readToEnd().text.isEmpty)
        #expect(try rig.cluster(.upstreamRqTimeout, "b") == 1)
        // The original waits for as long as it likes.
        _ = try upstream.readHead()
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try rig.settle()
    }

    @Test("no more copies are under way than the limit says")
    func count() throws {
        let (rig, original, copy) = try rig { $0.mirrorsMax = 2 }
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let upstream = try rig.accept(original)
        for number in 0..<3 {
            if number > 0 { try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
            _ = try upstream.readHead()
            try upstream.send(Self.ok)
            _ = try client.readHead()
            _ = try client.read(count: 2)
        }
        let first = try rig.accept(copy)
        let second = try rig.accept(copy)
        _ = try first.readHead()
        _ = try second.readHead()
        #expect(try rig.cluster(.upstreamRqTotal, "b") == 2)
        #expect(try rig.cluster(.retryOrShadowAbandoned) == 1)
        // With one of them answered there is room again.
        try first.send(Self.ok)
        try Wire.wait(for: "an answered copy") {
            try rig.cluster(.upstreamRqCompleted, "b") == 1 ? () : nil
        }
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try first.readHead().hasPrefix("GET / "))
        try rig.settle()
    }

    @Test("what all copies hold of bodies together has an end as well")
    func total() throws {
        let (rig, original, copy) = try rig {
            $0.highWaterBytes = 1
            $0.mirrorBytesTotalMax = 1000
        }
        let client = try rig.connect()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
        let upstream = try rig.accept(original)
        _ = try upstream.readHead()
        let shadow = try rig.accept(copy)
        _ = try shadow.readHead()
        try client.send([UInt8](repeating: 0x61, count: 1001))
        #expect(try upstream.read(count: 1001).utf8.count == 1001)
        _ = try shadow.readToEnd()
        #expect(try rig.cluster(.retryOrShadowAbandoned) == 1)
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try rig.onLoop { $0.mirrorBytes } == 0)
        try rig.settle()
    }

    @Test("copies of requests whose clients leave, whole or in the middle, end or go on alone")
    func departure() throws {
        let (rig, original, copy) = try rig()
        let whole = try rig.connect()
        try whole.send("GET /whole HTTP/1.1\r\nHost: a\r\n\r\n")
        let upstream = try rig.accept(original)
        _ = try upstream.readHead()
        let shadow = try rig.accept(copy)
        _ = try shadow.readHead()
        whole.reset()
        _ = try upstream.readToEnd()
        try shadow.send(Self.ok)
        try Wire.wait(for: "the copy's answer") {
            try rig.cluster(.upstreamRqCompleted, "b") == 1 ? () : nil
        }
        let half = try rig.connect()
        try half.send("POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        #expect(try shadow.readHead().hasPrefix("POST /half "))
        half.reset()
        _ = try shadow.readToEnd()
        try rig.settle()
    }

    @Test("a copy made just before the configuration changes goes where it was meant to go")
    func reload() throws {
        let (rig, original, copy) = try rig()
        let client = try rig.connect()
        var plan = Plan()
        plan.clusters = [Plan.cluster("a", [original.address])]
        plan.routes = [Plan.route(to: 0)]
        try rig.whileLoopIsHeld {
            try client.send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        let shadow = try rig.accept(copy)
        #expect(try shadow.readHead().hasPrefix("GET /last "))
        try rig.adopt(plan)
        try shadow.send(Self.ok)
        let upstream = try rig.accept(original)
        _ = try upstream.readHead()
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try rig.settle()
    }
}
