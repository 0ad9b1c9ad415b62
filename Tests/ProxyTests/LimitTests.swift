// What the data plane puts up with, with limits small enough to reach: time, connections, bytes.
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("limits")
struct LimitTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test("a head that does not end in time is 408, also when bytes keep coming")
    func slowHead() throws {
        let (rig, _) = try Rig.forwarding { $0.requestHeadMs = 300 }
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        let started = Machine.monotonicNs
        var answer = ""
        var sent: UInt64 = 0
        try Wire.wait(for: "the end of patience") {
            if Machine.monotonicNs - started > sent * 20_000_000 {
                _ = try? client.offer(Array("X".utf8))
                sent += 1
            }
            answer += try client.readNow()
            return answer.contains("request header timeout") ? () : nil
        }
        #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(answer.contains("\r\nconnection: close\r\n"))
        #expect(Machine.monotonicNs - started >= 290_000_000)
        #expect(try rig.http(.downstreamRqHeaderTimeout) == 1)
        try rig.settle()
    }

    @Test("a body that stops coming is 408; one that keeps coming is not")
    func slowBody() throws {
        let (rig, _) = try Rig.forwarding { $0.requestBodyIdleMs = 300 }
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
        let started = Machine.monotonicNs
        var sent = 0
        try Wire.wait(for: "twice the limit") {
            if Machine.monotonicNs - started > UInt64(sent) * 20_000_000 {
                try client.send("b")
                sent += 1
            }
            return Machine.monotonicNs - started > 600_000_000 ? () : nil
        }
        #expect(try client.readNow() == "")
        _ = try upstream.read(count: sent)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(try upstream.readToEnd().text == "")
        #expect(try rig.http(.downstreamRqIdleTimeout) == 1)
        try rig.settle()
    }

    @Test("an endpoint that does not read is no fault of the client's")
    func slowEndpoint() throws {
        let (rig, _) = try Rig.forwarding { $0.requestBodyIdleMs = 100 }
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 64000000\r\n\r\n")
        // Fill the way up until nothing more is taken, then let the limit pass twice.
        let block = [UInt8](repeating: 0x62, count: 1 << 20)
        var sent = 0
        var lastMove = Machine.monotonicNs
        try Wire.wait(for: "a full way") {
            let count = try client.offer(block)
            sent += count
            if count > 0 { lastMove = Machine.monotonicNs }
            return Machine.monotonicNs - lastMove > 250_000_000 ? () : nil
        }
        #expect(try client.readNow() == "")
        try upstream.skip(sent)
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try rig.settle()
    }

    @Test("a connection without a request ends after its idle time, before and after a request")
    func idle() throws {
        let (rig, _) = try Rig.forwarding { $0.clientIdleMs = 200 }
        let silent = try rig.connect()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(Self.ok)
        _ = try client.readHead()
        #expect(try client.readToEnd() == ("ok", .finished))
        #expect(try silent.readToEnd() == ("", .finished))
        #expect(try rig.http(.downstreamCxIdleTimeout) == 2)
        try rig.settle()
    }

    @Test("an answer nobody takes ends with its connection", arguments: ["close", "keep-alive"])
    func notTaken(connection: String) throws {
        var plan = Plan()
        let body = [UInt8](repeating: 0x79, count: 24 << 20)
        plan.routes = [Plan.route(.any, .direct(DirectResponse(status: 200, body: body)))]
        var settings = ProxySettings()
        settings.limits.clientIdleMs = 200
        let rig = try Rig(plan, settings: settings)
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: \(connection)\r\n\r\n")
        try Wire.wait(for: "the end of patience") {
            try rig.http(.downstreamCxIdleTimeout) == 1 ? () : nil
        }
        try rig.settle()
    }

    @Test("a request under way is not idle, however long its answer takes")
    func busyIsNotIdle() throws {
        let (rig, _) = try Rig.forwarding { $0.clientIdleMs = 100 }
        let (client, upstream, _) = try rig.open(Self.get)
        let started = Machine.monotonicNs
        try Wire.wait(for: "three times the limit") {
            Machine.monotonicNs - started > 300_000_000 ? () : nil
        }
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try rig.settle()
    }

    @Test("a pooled connection ends after its idle time")
    func pooledIdle() throws {
        let (rig, _) = try Rig.forwarding { $0.upstreamIdleMs = 200 }
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(Self.ok)
        _ = try client.readHead()
        #expect(try upstream.readToEnd().end == .finished)
        #expect(try rig.cluster(.upstreamCxIdleTimeout) == 1)
        #expect(try rig.cluster(.upstreamCxActive) == 0)
        try rig.settle()
    }

    @Test("a closing connection is read on for a while, not for ever")
    func linger() throws {
        let (rig, _) = try Rig.forwarding { $0.lingerMs = 200 }
        let client = try rig.connect()
        try client.send("nonsense\r\n\r\n")
        _ = try client.readToEnd()
        // The client does not close; the proxy does.
        try Wire.wait(for: "the end of lingering") {
            rig.counts.connectionCount == 0 ? () : nil
        }
        try rig.settle()
    }

    @Test("a closing connection throws away so much and no more")
    func lingerBytes() throws {
        let (rig, _) = try Rig.forwarding {
            $0.lingerMs = 60_000
            $0.lingerBytesMax = 100_000
        }
        let client = try rig.connect()
        try client.send("nonsense\r\n\r\n")
        _ = try client.readHead()
        let block = [UInt8](repeating: 0x62, count: 64 * 1024)
        #expect(throws: Wire.Failure.self) {
            try Wire.wait(for: "a reset") { () -> Void? in
                _ = try client.offer(block)
                return nil
            }
        }
        #expect(rig.counts.connectionCount == 0)
        try rig.settle()
    }

    @Test("connections above the limit are closed at once, and there is room again when one ends")
    func connections() throws {
        let (rig, _) = try Rig.forwarding { $0.connectionsMax = 2 }
        let one = try rig.connect()
        let two = try rig.connect()
        try rig.wait(for: .downstreamCxActive, 2)
        let three = try rig.connect()
        #expect(try three.readToEnd().text == "")
        #expect(try rig.sample.listeners["test"]?[.downstreamCxOverflow] == 1)
        one.close()
        try rig.wait(for: .downstreamCxActive, 1)
        let four = try rig.connect()
        try four.send(Self.get)
        _ = try rig.accept().readHead()
        two.close()
        try rig.settle()
    }

    @Test(
        "heads above their limits are 431 and 414",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 70_000), "431 "),
            (
                "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 101)
                    + "\r\n",
                "431 "
            ),
            ("GET /" + String(repeating: "x", count: 40_000), "414 "),
            (
                "GET /" + String(repeating: "x", count: 40_000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
                "414 "
            ),
        ])
    func heads(request: String, status: String) throws {
        let (rig, backend) = try Rig.forwarding()
        let client = try rig.connect()
        try client.send(request)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 " + status))
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("what a slow client has not read costs bounded memory, and arrives whole")
    func slowReader() throws {
        let (rig, _) = try Rig.forwarding()
        let size = 50 << 20
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
        _ = try client.readHead()
        let sent = try fill(upstream, upTo: size, rig)
        #expect(sent < size)
        try client.skip(sent / 2)
        let rest = try relay(from: upstream, size - sent, to: client, size - sent / 2)
        #expect(rest == 0)
        try client.send(Self.get)
        #expect(try upstream.readHead() != "")
        try rig.settle()
    }

    @Test(
        "what a slow endpoint has not read costs bounded memory, and arrives whole",
        arguments: [
            true, false,
        ])
    func slowUpstream(isTunnel: Bool) throws {
        let (rig, _) = try Rig.forwarding()
        let size = 50 << 20
        let (client, upstream, _) = try rig.open(
            isTunnel
                ? DepartureTests.upgrade
                : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
        if isTunnel {
            try upstream.send(TunnelTests.accepted)
            _ = try client.readHead()
        }
        let sent = try fill(client, upTo: size, rig)
        #expect(sent < size)
        #expect(try relay(from: client, size - sent, to: upstream, size) == 0)
        if !isTunnel {
            try upstream.send(Self.ok)
            #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
        try rig.settle()
    }

    /// Sends until nothing has moved for a while; meanwhile the proxy must not hold much.
    private func fill(_ from: Wire, upTo size: Int, _ rig: Rig) throws -> Int {
        let block = [UInt8](repeating: 0x62, count: 1 << 20)
        var sent = 0
        var lastMove = Machine.monotonicNs
        try Wire.wait(for: "a full way", patienceMs: 60_000) {
            let count = try from.offer(Array(block.prefix(size - sent)))
            sent += count
            if count > 0 { lastMove = Machine.monotonicNs }
            let held = try rig.onLoop { $0.unsentBytes }
            // The mark, and what one read may add to it with its chunk's frame.
            #expect(held <= 64 * 1024 + 64 * 1024 + 32)
            return sent == size || Machine.monotonicNs - lastMove > 200_000_000 ? () : nil
        }
        return sent
    }

    /// Sends and takes turn by turn; returns what is left to take.
    private func relay(from: Wire, _ sending: Int, to: Wire, _ taking: Int) throws -> Int {
        let block = [UInt8](repeating: 0x62, count: 1 << 20)
        var unsent = sending
        var untaken = taking
        try Wire.wait(for: "all of it", patienceMs: 60_000) {
            if unsent > 0 { unsent -= try from.offer(Array(block.prefix(unsent))) }
            untaken -= try to.readNow().utf8.count
            return untaken <= 0 && unsent == 0 ? () : nil
        }
        return untaken
    }

    @Test("a client that sends requests and reads no answers is not served without bounds")
    func pipelinesWithoutReading() throws {
        var plan = Plan()
        let body = [UInt8](repeating: 0x79, count: 32 * 1024)
        plan.routes = [Plan.route(.any, .direct(DirectResponse(status: 200, body: body)))]
        let rig = try Rig(plan)
        let client = try rig.connect()
        let count = 1500
        try client.send(String(repeating: Self.get, count: count))
        var served: UInt64 = 0
        var lastMove = Machine.monotonicNs
        try Wire.wait(for: "a full way") {
            let now = try rig.http(.downstreamRqTotal)
            if now > served { lastMove = Machine.monotonicNs }
            served = now
            #expect(try rig.onLoop { $0.unsentBytes } <= 64 * 1024 + 33 * 1024)
            return Machine.monotonicNs - lastMove > 100_000_000 ? () : nil
        }
        #expect(served < count)
        for _ in 0..<count {
            #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
            try client.skip(body.count)
        }
        try rig.settle()
    }
}

extension Worker {
    /// The most that waits to be sent on one connection.
    var unsentBytes: Int {
        var most = 0
        loop.forEachWatched { pollable in
            if let client = pollable as? ClientConnection { most = max(most, client.unsentBytes) }
            if let up = pollable as? UpstreamConnection { most = max(most, up.unsentBytes) }
            if let end = pollable as? SocketEnd { most = max(most, end.unsentBytes) }
        }
        return most
    }
}
