// Limits of connections and requests: who waits, who is told that there is no room, and that nobody
// who waits is forgotten.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("limits of a cluster")
struct PoolLimitTests {
    static let overflow =
        "upstream connect error or disconnect/reset before headers. reset reason: overflow"

    static func limits(_ change: (inout PoolPolicy.Limits) -> Void) -> PoolPolicy {
        var limits = PoolPolicy.Limits()
        change(&limits)
        return PoolPolicy(limits: limits)
    }

    private func rig(
        _ pool: PoolPolicy?, speaks: Cluster.UpstreamProtocol = .http1, backend: Backend? = nil,
        counts: ProcessCounts = ProcessCounts()
    ) throws -> Rig {
        let backend = try backend ?? Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.speak(speaks)
        plan.limit(pool)
        return try Rig(plan, backends: [backend], counts: counts)
    }

    /// A client whose request waits in line.
    private func waiting(
        _ rig: Rig, _ request: String = PlainRequest.get, already: UInt64 = 0
    ) throws -> Wire {
        let client = try rig.connect()
        try client.send(request)
        try Wire.wait(for: "a request that waits") {
            try rig.cluster(.upstreamRqPendingActive) == already + 1 ? () : nil
        }
        return client
    }

    private func refused(_ client: Wire) throws {
        let head = try client.readHead()
        #expect(head.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(head.contains("\r\nx-envoy-overloaded: true\r\n"))
        #expect(try client.read(to: "overflow") == Self.overflow)
    }

    // MARK: - Waiting

    @Test("a request waits for the one connection there may be, and gets it when it is free")
    func waits() throws {
        let rig = try rig(Self.limits { $0.connections = 1 })
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        let second = try waiting(rig)
        #expect(try rig.cluster(.upstreamCxOverflow) == 1)
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        #expect(try upstream.readHead().hasPrefix("GET / "))
        try upstream.send(PlainRequest.ok)
        try second.readOK()
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        #expect(try rig.cluster(.upstreamRqPendingTotal) == 2)
        #expect(try rig.cluster(.upstreamRqPendingOverflow) == 0)
        try rig.settle()
    }

    @Test("first come, first served: who comes later does not overtake on a freed connection")
    func order() throws {
        let rig = try rig(Self.limits { $0.connections = 1 })
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        let clients = try (0..<3).map {
            try waiting(rig, "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n", already: UInt64($0))
        }
        // The same client asks again the moment it has its answer.
        try first.send("GET /again HTTP/1.1\r\nHost: a\r\n\r\n")
        for (number, path) in ["/", "/0", "/1", "/2"].enumerated() {
            if number > 0 { #expect(try upstream.readHead().hasPrefix("GET \(path) ")) }
            try upstream.send(PlainRequest.ok)
        }
        for client in [first] + clients { try client.readOK() }
        #expect(try upstream.readHead().hasPrefix("GET /again "))
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        try rig.settle()
    }

    @Test("a connection that ends makes room for the next one")
    func replaced() throws {
        let rig = try rig(Self.limits { $0.connections = 1 })
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        let second = try waiting(rig)
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        try first.readOK()
        let fresh = try rig.accept()
        _ = try fresh.readHead()
        try fresh.send(PlainRequest.ok)
        try second.readOK()
        try rig.settle()
    }

    @Test("a body that comes meanwhile is held back and arrives whole", arguments: [1, 200_000])
    func body(bytes: Int) throws {
        let rig = try rig(Self.limits { $0.connections = 1 })
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        let body = String(repeating: "b", count: bytes)
        let second = try waiting(
            rig, "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: \(bytes)\r\n\r\n" + body)
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        #expect(try upstream.readHead().hasPrefix("POST /b "))
        #expect(try upstream.read(count: bytes) == body)
        try upstream.send(PlainRequest.ok)
        try second.readOK()
        try rig.settle()
    }

    @Test("a chunked body that is complete before there is a connection keeps its trailers")
    func chunked() throws {
        let rig = try rig(Self.limits { $0.connections = 1 })
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        let second = try waiting(
            rig,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n")
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        _ = try upstream.readHead()
        #expect(try upstream.read(to: "\r\n\r\n") == "3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n")
        try upstream.send(PlainRequest.ok)
        try second.readOK()
        try rig.settle()
    }

    // MARK: - No room

    @Test("one request too many in line is 503 UO, and counted as that and nothing else")
    func pendingOverflow() throws {
        let rig = try rig(
            Self.limits {
                $0.connections = 1
                $0.pendingRequests = 1
            })
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        let second = try waiting(rig)
        let third = try rig.connect()
        try third.send(PlainRequest.get)
        try refused(third)
        #expect(try rig.cluster(.upstreamRqPendingOverflow) == 1)
        for client in [first, second] {
            try upstream.send(PlainRequest.ok)
            try client.readOK()
            if client === first { _ = try upstream.readHead() }
        }
        try third.send(PlainRequest.get)
        _ = try upstream.readHead()
        try upstream.send(PlainRequest.ok)
        try third.readOK()
        #expect(try rig.cluster(.upstreamRqPendingOverflow) == 1)
        #expect(try rig.cluster(.upstreamRq5xx) == 1)
        try rig.settle()
    }

    @Test("a request whose own connection is being made counts among those that wait")
    func connecting() throws {
        let backend = try Backend()
        try backend.fallSilent()
        let rig = try rig(Self.limits { $0.pendingRequests = 1 }, backend: backend)
        let first = try waiting(rig)
        let second = try rig.connect()
        try second.send(PlainRequest.get)
        try refused(second)
        // It runs into the connect timeout, and then there is room again.
        #expect(try first.readHead().hasPrefix("HTTP/1.1 503 "))
        _ = try first.read(to: "connection timeout")
        let third = try waiting(rig)
        third.reset()
        try rig.settle()
    }

    @Test(
        "requests under way are limited too, whatever they are sent over",
        arguments: [Cluster.UpstreamProtocol.http1, .http2])
    func requests(speaks: Cluster.UpstreamProtocol) throws {
        let rig = try rig(Self.limits { $0.requests = 1 }, speaks: speaks)
        let first = try rig.connect()
        try first.send(PlainRequest.get)
        let wire = try rig.accept()
        let second = try rig.connect()
        if speaks == .http1 {
            _ = try wire.readHead()
            try second.send(PlainRequest.get)
            try refused(second)
            try wire.send(PlainRequest.ok)
            try first.readOK()
            try second.send(PlainRequest.get)
            _ = try wire.readHead()
            try wire.send(PlainRequest.ok)
        } else {
            let endpoint = try H2Endpoint(wire)
            let stream = try endpoint.request()
            try second.send(PlainRequest.get)
            try refused(second)
            try endpoint.answerOK(stream)
            try first.readOK()
            try second.send(PlainRequest.get)
            let next = try endpoint.request(1)
            try endpoint.answerOK(next)
        }
        try second.readOK()
        #expect(try rig.cluster(.upstreamRqPendingOverflow) == 1)
        try rig.settle()
    }

    // MARK: - Ends of waiting

    @Test("a client that leaves gives its place to the next")
    func clientGone() throws {
        let rig = try rig(
            Self.limits {
                $0.connections = 1
                $0.pendingRequests = 1
            })
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        try waiting(rig).reset()
        try Wire.wait(for: "the place to be free") {
            try rig.cluster(.upstreamRqPendingActive) == 0 ? () : nil
        }
        #expect(try rig.cluster(.upstreamRqCancelled) == 1)
        let third = try waiting(rig)
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        _ = try upstream.readHead()
        try upstream.send(PlainRequest.ok)
        try third.readOK()
        try rig.settle()
    }

    @Test("when no connection can be made, nobody waits for another attempt")
    func refusedEndpoint() throws {
        let backend = try Backend()
        try backend.fallSilent()
        let rig = try rig(Self.limits { $0.connections = 1 }, backend: backend)
        let clients = try (0..<3).map { try waiting(rig, already: UInt64($0)) }
        for client in clients {
            #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
            _ = try client.read(to: "connection timeout")
        }
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    @Test("limits that go, and clusters that go, set free whoever waits", arguments: [true, false])
    func lifted(clusterStays: Bool) throws {
        let backend = try Backend()
        let rig = try rig(Self.limits { $0.connections = 1 }, backend: backend)
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        let second = try waiting(rig)
        var plan = Plan.forwarding(to: [backend.address])
        if !clusterStays {
            plan.clusters = [Plan.cluster("b", [backend.address])]
        }
        try rig.adopt(plan)
        let other = try rig.accept()
        _ = try other.readHead()
        try other.send(PlainRequest.ok)
        try second.readOK()
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        #expect(rig.counts.limits.count == 0)
        try rig.settle()
    }

    @Test("limits that come count what is open already")
    func imposed() throws {
        let backend = try Backend()
        let rig = try rig(nil, backend: backend)
        let (first, upstream, _) = try rig.open(PlainRequest.get)
        var plan = Plan.forwarding(to: [backend.address])
        plan.limit(Self.limits { $0.connections = 1 })
        try rig.adopt(plan)
        let second = try waiting(rig)
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        _ = try upstream.readHead()
        try upstream.send(PlainRequest.ok)
        try second.readOK()
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    @Test("an HTTP/2 connection whose streams are all taken makes requests wait for one")
    func streams() throws {
        let rig = try rig(Self.limits { $0.connections = 1 }, speaks: .http2)
        let first = try rig.connect()
        try first.send(PlainRequest.get)
        var limits = H2Limits()
        limits.concurrentStreamsMax = 1
        let endpoint = try H2Endpoint(try rig.accept(), limits: limits)
        let stream = try endpoint.request()
        let second = try waiting(rig)
        try endpoint.answerOK(stream)
        try first.readOK()
        let next = try endpoint.request(1)
        try endpoint.answerOK(next)
        try second.readOK()
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    // MARK: - Bytes

    @Test("a TCP connection above the limit is closed at once, and there is room when one ends")
    func tcp() throws {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.limit(Self.limits { $0.connections = 1 })
        plan.isTCP = true
        plan.tcp = Mesh.TCPRoute(destinations: [Plan.destination(0)], origin: Plan.origin)
        let rig = try Rig(plan, backends: [backend])
        let first = try rig.connect()
        try first.send("hello")
        let upstream = try rig.accept()
        _ = try upstream.read(count: 5)
        let second = try rig.connect()
        #expect(try second.readToEnd().text == "")
        #expect(try rig.cluster(.upstreamCxOverflow) == 1)
        first.close()
        #expect(try upstream.readToEnd().text == "")
        upstream.close()
        try Wire.wait(for: "room") { try rig.cluster(.upstreamCxActive) == 0 ? () : nil }
        let third = try rig.connect()
        try third.send("again")
        _ = try rig.accept().read(count: 5)
        try rig.settle()
    }

    // MARK: - Several workers

    /// Two workers of one process before one endpoint.
    private func pair(_ pool: PoolPolicy) throws -> (Rig, Rig, Backend) {
        let backend = try Backend()
        let one = try rig(pool, backend: backend)
        return (one, try rig(pool, backend: backend, counts: one.counts), backend)
    }

    @Test("the limit is the process's: a worker waits while another one has the connection")
    func acrossWorkers() throws {
        let (one, other, _) = try pair(Self.limits { $0.connections = 1 })
        let (first, upstream, _) = try one.open(PlainRequest.get)
        let second = try waiting(other)
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        // The first worker's connection is given up for the one that has none.
        #expect(try upstream.readToEnd().end == .finished)
        let fresh = try other.accept()
        _ = try fresh.readHead()
        try fresh.send(PlainRequest.ok)
        try second.readOK()
        other.closeWires()
        try one.settle()
        try other.settle()
    }

    @Test("a connection that idles at one worker does not keep another one waiting")
    func idleElsewhere() throws {
        let (one, other, _) = try pair(Self.limits { $0.connections = 1 })
        let (first, upstream, _) = try one.open(PlainRequest.get)
        try upstream.send(PlainRequest.ok)
        try first.readOK()
        let second = try other.connect()
        try second.send(PlainRequest.get)
        let fresh = try other.accept()
        _ = try fresh.readHead()
        #expect(try upstream.readToEnd().end == .finished)
        try fresh.send(PlainRequest.ok)
        try second.readOK()
        other.closeWires()
        try one.settle()
        try other.settle()
    }

    @Test("two workers with requests that never cease take turns")
    func turns() throws {
        let (one, other, backend) = try pair(Self.limits { $0.connections = 1 })
        let lines = try [one, other].map { rig in try (0..<4).map { _ in try rig.connect() } }
        for client in lines.joined() { try client.send(PlainRequest.get) }
        var served = [0, 0]
        var upstream: Wire?
        // Whoever has its answer asks again, so both lines are never empty.
        try Wire.wait(for: "ten answers each") {
            if upstream == nil { upstream = backend.acceptNow() }
            if let wire = upstream {
                if try wire.readNow().contains("\r\n\r\n") { try wire.send(PlainRequest.ok) }
                if wire.isEnded {
                    wire.close()
                    upstream = nil
                }
            }
            for (index, clients) in lines.enumerated() {
                for client in clients where try client.readNow().hasSuffix("ok") {
                    served[index] += 1
                    try client.send(PlainRequest.get)
                }
            }
            return served.allSatisfy { $0 >= 10 } ? () : nil
        }
        upstream?.close()
        for client in lines.joined() { client.close() }
        other.closeWires()
        try one.settle()
        try other.settle()
    }

    @Test("the line's length is the process's as well")
    func pendingAcrossWorkers() throws {
        let (one, other, _) = try pair(
            Self.limits {
                $0.connections = 1
                $0.pendingRequests = 1
            })
        let (_, _, _) = try one.open(PlainRequest.get)
        let second = try waiting(one)
        let third = try other.connect()
        try third.send(PlainRequest.get)
        try refused(third)
        second.reset()
        other.closeWires()
        try one.settle()
        try other.settle()
    }

    @Test("with two connections for two workers each keeps its own")
    func oneEach() throws {
        let (one, other, _) = try pair(Self.limits { $0.connections = 2 })
        let (first, upstream, _) = try one.open(PlainRequest.get)
        let (second, fresh, _) = try other.open(PlainRequest.get)
        let third = try waiting(one)
        for (client, wire) in [(first, upstream), (second, fresh)] {
            try wire.send(PlainRequest.ok)
            try client.readOK()
        }
        _ = try upstream.readHead()
        try upstream.send(PlainRequest.ok)
        try third.readOK()
        #expect(try one.cluster(.upstreamCxTotal) == 1)
        #expect(try other.cluster(.upstreamCxTotal) == 1)
        other.closeWires()
        try one.settle()
        try other.settle()
    }
}
