// How streams of HTTP/2 clients and their connections end: early answers, silence, farewells.
// Frames by hand, because real clients neither stop in the middle of a head nor stay silent.
import HTTP
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("ends of HTTP/2 streams")
struct H2EndTests {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    typealias Kind = H2Wire.Kind
    typealias Control = H2Wire.Control

    // MARK: - Answers before the request's end

    @Test(
        "who goes on sending behind a complete answer is told to stop, without an error",
        arguments: [
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig",
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 1\r\n\r\n",
        ])
    func earlyAnswer(answer: String) throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1, method: "POST", ends: false)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(answer)
        // All of the answer comes first.
        var frame = try client.next(Kind.headers)
        while !frame.ends { frame = try client.next() }
        frame = try client.next(Kind.reset)
        #expect(frame.stream == 1 && frame.payload == [0, 0, 0, 0])
        // Frames that were on their way are nobody's, and the connection serves on.
        try client.send(Kind.data, stream: 1, [UInt8](repeating: 0x61, count: 16_000))
        try client.request(3)
        let next = try rig.accept()
        _ = try next.readHead()
        try next.send(Self.ok)
        #expect(try client.next(Kind.data).text == "ok")
        try rig.settle()
    }

    @Test("an answer behind a complete request ends its stream without a reset")
    func noReset() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1, method: "POST", ends: false)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try client.send(Kind.data, flags: 1, stream: 1, [0x61])
        _ = try upstream.read(to: "0\r\n\r\n")
        try upstream.send(Self.ok)
        #expect(try client.next(Kind.data).ends)
        try client.send(Control.ping, stream: 0, [UInt8](repeating: 0, count: 8))
        #expect(try client.next().type == Control.ping)
        try rig.settle()
    }

    @Test("trailers of a request are not its refusal's")
    func refusalWithoutTrailers() throws {
        let port = try refusedPort()
        let nobody = try #require(SocketAddress(host: "127.0.0.1", port: port))
        let rig = try Rig(.forwarding(to: [nobody]))
        let client = try H2Wire(try rig.connect())
        try client.request(1, method: "POST", ends: false, extra: [("content-length", "2")])
        try client.send(Kind.data, stream: 1, [0x61, 0x61])
        try client.send(Kind.headers, flags: 5, stream: 1, H2Wire.block([("x-sum", "1")]))
        #expect(try client.next(Kind.headers).ends == false)
        var frame = try client.next()
        while !frame.ends { frame = try client.next() }
        #expect(frame.type == Kind.data && frame.text.hasPrefix("upstream connect error"))
        try rig.settle()
    }

    @Test("trailers of a connection's earlier answer are not the next one's")
    func staleTrailers() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx-whose: first\r\n\r\n")
        var frame = try client.next(Kind.headers)
        while !frame.ends { frame = try client.next() }
        #expect(frame.type == Kind.headers)
        try client.request(3)
        _ = try upstream.readHead()
        try upstream.send(Self.ok)
        #expect(try client.next(Kind.headers).ends == false)
        frame = try client.next()
        #expect(frame.type == Kind.data && frame.text == "ok" && frame.ends)
        try rig.settle()
    }

    // MARK: - Silence

    @Test("a body that stops coming is 408 for its stream; one that keeps coming is not")
    func slowBody() throws {
        let (rig, _) = try Rig.forwarding { $0.requestBodyIdleMs = 300 }
        let client = try H2Wire(try rig.connect())
        var ups: [Wire] = []
        for stream in [1, 3] {
            try client.request(stream, method: "POST", ends: false)
            ups.append(try rig.accept())
            _ = try ups[ups.count - 1].readHead()
        }
        // Stream 3 goes on for longer than the limit; stream 1 says nothing.
        let started = Machine.monotonicNs
        var sent: UInt64 = 0
        try Wire.wait(for: "twice the limit") {
            if Machine.monotonicNs - started > sent * 20_000_000 {
                try client.send(Kind.data, stream: 3, [0x62])
                sent += 1
            }
            return Machine.monotonicNs - started > 700_000_000 ? () : nil
        }
        var frame = try client.next(Kind.headers)
        #expect(frame.stream == 1)
        frame = try client.next(Kind.data)
        #expect(frame.stream == 1 && frame.text == "stream timeout")
        #expect(try client.next(Kind.reset).payload == [0, 0, 0, 0])
        #expect(try rig.http(.downstreamRqIdleTimeout) == 1)
        #expect(try rig.http(.downstreamRq4xx) == 1)
        try client.send(Kind.data, flags: 1, stream: 3, [0x62])
        _ = try ups[1].read(to: "0\r\n\r\n")
        try ups[1].send(Self.ok)
        frame = try client.next(Kind.data)
        #expect(frame.stream == 3 && frame.text == "ok")
        try rig.settle()
    }

    @Test(
        "an answer that moves, a call of gRPC and a complete request may last",
        arguments: ["answer", "call", "complete"])
    func quiet(what: String) throws {
        let (rig, _) = try Rig.forwarding { $0.requestBodyIdleMs = 200 }
        let client = try H2Wire(try rig.connect())
        try client.request(
            1, method: "POST", ends: what == "complete",
            extra: what == "call" ? [("content-type", "application/grpc")] : [])
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        if what == "answer" { try upstream.send("HTTP/1.1 200 OK\r\n\r\n") }
        let started = Machine.monotonicNs
        var sent: UInt64 = 0
        try Wire.wait(for: "three times the limit") {
            if what == "answer", Machine.monotonicNs - started > sent * 20_000_000 {
                try upstream.send("a")
                sent += 1
            }
            return Machine.monotonicNs - started > 600_000_000 ? () : nil
        }
        #expect(try rig.http(.downstreamRqIdleTimeout) == 0)
        #expect(try rig.http(.downstreamRqActive) == 1)
        try rig.settle()
    }

    @Test("a field block that does not end ends its connection, and no other block does")
    func slowHead() throws {
        let (rig, _) = try Rig.forwarding { $0.requestHeadMs = 300 }
        let wire = try rig.connect()
        let client = try H2Wire(wire)
        let block = H2Wire.block([
            (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a"),
        ])
        // In two pieces, one soon behind the other.
        try client.send(Kind.headers, flags: 1, stream: 1, Array(block.prefix(10)))
        try rig.onLoop { _ in }
        try client.send(9, flags: 4, stream: 1, Array(block.suffix(from: 10)))
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        let started = Machine.monotonicNs
        try Wire.wait(for: "twice the limit") {
            Machine.monotonicNs - started > 600_000_000 ? () : nil
        }
        try upstream.send(Self.ok)
        #expect(try client.next(Kind.data).text == "ok")
        // And one of which no more comes.
        let begun = Machine.monotonicNs
        try client.send(Kind.headers, flags: 1, stream: 3, Array(block.prefix(10)))
        #expect(try client.next(Kind.data).text == "request header timeout")
        #expect(Machine.monotonicNs - begun >= 290_000_000)
        _ = try client.next(Control.goAway)
        _ = try wire.readToEnd()
        #expect(try rig.http(.downstreamRqHeaderTimeout) == 1)
        try rig.settle()
    }

    // MARK: - Farewells

    @Test("a client that could not know yet is served: the last stream is told after a round trip")
    func leave() throws {
        let (rig, _) = try Rig.forwarding()
        let wire = try rig.connect()
        let client = try H2Wire(wire)
        try client.request(1)
        let first = try rig.accept()
        _ = try first.readHead()
        try rig.onLoop { $0.drain() }
        var frame = try client.next(Control.goAway)
        #expect(Array(frame.payload.prefix(4)) == [0x7f, 0xff, 0xff, 0xff])
        let ping = try client.next(Control.ping)
        // On its way before the notice had come.
        try client.request(3)
        let second = try rig.accept()
        _ = try second.readHead()
        try client.send(Control.ping, flags: 1, stream: 0, ping.payload)
        frame = try client.next(Control.goAway)
        #expect(Array(frame.payload.prefix(4)) == [0, 0, 0, 3])
        for up in [first, second] {
            try up.send(Self.ok)
            #expect(try client.next(Kind.data).text == "ok")
        }
        _ = try wire.readToEnd()
        try rig.settle()
    }

    @Test("a client that does not answer is not waited for")
    func leaveUnheard() throws {
        let (rig, _) = try Rig.forwarding()
        let wire = try rig.connect()
        let client = try H2Wire(wire)
        _ = try client.next(Control.settings)
        try rig.onLoop { $0.drain() }
        _ = try client.next(Control.goAway)
        let last = try client.next(Control.goAway)
        #expect(Array(last.payload.prefix(4)) == [0, 0, 0, 0])
        _ = try wire.readToEnd()
        try rig.settle()
    }

    // MARK: - Floods that are none

    @Test("a client that measures its bandwidth by pings gets the whole of a long answer")
    func pingsAmidData() throws {
        let (rig, _) = try Rig.forwarding { $0.http2.idleFramesMax = 20 }
        let client = try H2Wire(try rig.connect())
        try client.request(1)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        let body = [UInt8](repeating: 0x61, count: 10_000)
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        var received = 0
        for round in 1...100 {
            try upstream.send(body)
            while received < round * body.count {
                received += try client.next(Kind.data).payload.count
            }
            let window: [UInt8] = [0, 0, UInt8(body.count >> 8), UInt8(body.count & 255)]
            try client.send(8, stream: 0, window)
            if round < 100 { try client.send(8, stream: 1, window) }
            try client.send(Control.ping, stream: 0, [UInt8](repeating: 1, count: 8))
        }
        #expect(received == 1_000_000)
        try rig.settle()
    }
}
