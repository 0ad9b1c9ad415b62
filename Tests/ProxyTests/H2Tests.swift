// HTTP/2 in front of HTTP/1.1: many requests on one connection, each an exchange of its own, and
// the moments at which streams, connections and endpoints leave one another.
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("HTTP/2 clients")
struct H2Tests {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    typealias Kind = H2Wire.Kind
    typealias Control = H2Wire.Control

    @Test("a request becomes HTTP/1.1 and its answer comes back as frames")
    func request() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1, "/p?q", extra: [("x-case", "v"), ("te", "trailers")])
        let upstream = try rig.accept()
        let head = try upstream.readHead()
        #expect(head.hasPrefix("GET /p?q HTTP/1.1\r\nhost: a\r\n"))
        #expect(head.contains("\r\nx-case: v\r\n") && !head.contains("\r\nte:"))
        try upstream.send(Self.ok)
        #expect(try client.next(Kind.headers).stream == 1)
        let data = try client.next(Kind.data)
        #expect(data.text == "ok")
        #expect(try rig.http(.downstreamRqHTTP2Total) == 1)
        #expect(try rig.http(.downstreamCxHTTP2Active) == 1)
        try rig.settle()
    }

    @Test("the preface is met in whatever pieces it comes", arguments: [1, 5, 17, 23])
    func pieces(size: Int) throws {
        let (rig, _) = try Rig.forwarding()
        let wire = try rig.connect()
        let preface = Array(H2Wire.preface.utf8)
        for start in stride(from: 0, to: preface.count, by: size) {
            try wire.send(Array(preface[start..<min(start + size, preface.count)]))
            try rig.onLoop { _ in }
        }
        try wire.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
        #expect(try wire.read(bytes: 9)[3] == Control.settings)
        try rig.settle()
    }

    @Test("what is served is offered: extended CONNECT among it")
    func settings() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        let settings = try client.next(Control.settings).payload
        let names = stride(from: 0, to: settings.count, by: 6).map {
            Int(settings[$0]) << 8 | Int(settings[$0 + 1])
        }
        #expect(names.contains(3) && names.contains(4) && names.contains(8))
        try rig.settle()
    }

    @Test("streams are answered as their endpoints answer, not in the order they came")
    func streams() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        var ups: [Int: Wire] = [:]
        for stream in [1, 3, 5] {
            try client.request(stream, "/\(stream)")
            let up = try rig.accept()
            #expect(try up.readHead().hasPrefix("GET /\(stream) "))
            ups[stream] = up
        }
        for stream in [5, 1, 3] {
            try ups[stream]?.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(stream)")
            let data = try client.next(Kind.data)
            #expect(data.stream == stream && data.text == "\(stream)")
        }
        try rig.settle()
    }

    @Test("a body goes up in chunks, or with the length it was given, and trailers with it")
    func bodies() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1, method: "POST", ends: false)
        try client.send(Kind.data, stream: 1, Array("hel".utf8))
        let upstream = try rig.accept()
        #expect(try upstream.readHead().contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(try upstream.read(to: "hel\r\n") == "3\r\nhel\r\n")
        try client.send(Kind.data, stream: 1, Array("lo".utf8))
        try client.send(Kind.headers, flags: 5, stream: 1, H2Wire.block([("x-sum", "1")]))
        #expect(try upstream.read(to: "\r\n\r\n") == "2\r\nlo\r\n0\r\nx-sum: 1\r\n\r\n")
        try upstream.send(Self.ok)
        #expect(try client.next(Kind.data).text == "ok")
        try client.request(3, method: "POST", ends: false, extra: [("content-length", "4")])
        try client.send(Kind.data, flags: 1, stream: 3, Array("body".utf8))
        #expect(try upstream.readHead().contains("\r\ncontent-length: 4\r\n"))
        #expect(try upstream.read(count: 4) == "body")
        try upstream.send(Self.ok)
        #expect(try client.next(Kind.data).text == "ok")
        try rig.settle()
    }

    @Test(
        "a length the frames do not keep to is a reset, never a shorter or longer body",
        arguments: [
            "three", "fi", "",
        ])
    func wrongLength(body: String) throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1, method: "POST", ends: false, extra: [("content-length", "4")])
        try client.send(Kind.data, flags: 1, stream: 1, Array(body.utf8))
        #expect(try client.next(Kind.reset).stream == 1)
        if let upstream = rig.backends[0].acceptNow() {
            _ = try upstream.readToEnd()
        }
        try rig.settle()
    }

    @Test(
        "a client that resets its stream ends the endpoint's part of it", arguments: [true, false])
    func streamReset(answerBegan: Bool) throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1, "/a")
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        if answerBegan {
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            _ = try client.next(Kind.data)
        }
        try client.send(Kind.reset, stream: 1, [0, 0, 0, 8])
        _ = try upstream.readToEnd()
        // The connection serves on.
        try client.request(3, "/b")
        let next = try rig.accept()
        #expect(try next.readHead().hasPrefix("GET /b "))
        try next.send(Self.ok)
        #expect(try client.next(Kind.data).text == "ok")
        try rig.settle()
    }

    @Test(
        "a client that goes takes all of its streams with it, at whatever moment", arguments: 0..<4)
    func gone(moment: Int) throws {
        let (rig, _) = try Rig.forwarding()
        let wire = try rig.connect()
        let client = try H2Wire(wire)
        for stream in [1, 3, 5] { try client.request(stream, method: "POST", ends: moment == 0) }
        let ups = try [rig.accept(), rig.accept(), rig.accept()]
        for up in ups { _ = try up.readHead() }
        try rig.whileLoopIsHeld {
            for up in ups where moment > 1 {
                try up.send(moment == 2 ? Self.ok : "HTTP/1.1 200 OK\r\n\r\nuntil")
            }
            if moment == 3 { try client.send(Kind.data, flags: 1, stream: 1, [0x61]) }
            wire.reset()
        }
        for up in ups { up.close() }
        try rig.settle()
    }

    @Test(
        "an answer cut short is a reset stream, never an ended one",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        ])
    func cutShort(response: String) throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(response)
        #expect(try client.next(Kind.headers).ends == false)
        upstream.close()
        var frame = try client.next()
        while frame.type != Kind.reset {
            #expect(!(frame.type == Kind.data && frame.ends))
            frame = try client.next()
        }
        #expect(frame.stream == 1)
        try rig.settle()
    }

    @Test("a listener that leaves says goodbye to HTTP/2 clients; what is under way ends well")
    func listenerGone() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        let empty = Plan().snapshot(listener: "another", port: 1)
        try rig.onLoop { $0.adopt(empty, bindings: []) }
        _ = try client.next(Control.goAway)
        try upstream.send(Self.ok)
        #expect(try client.next(Kind.data).text == "ok")
        try rig.settle()
    }

    @Test(
        "what breaks the protocol ends the connection and reaches nobody",
        arguments: [
            [0, 0, 0, 0, 0, 0, 0, 0, 0],  // DATA on stream 0
            [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0],  // WINDOW_UPDATE of nothing
            [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],  // a frame larger than allowed
            [0, 0, 1, 1, 5, 0, 0, 0, 1, 0xff],  // HEADERS that are no HPACK
        ] as [[UInt8]])
    func broken(frame: [UInt8]) throws {
        let (rig, backend) = try Rig.forwarding()
        let wire = try rig.connect()
        let client = try H2Wire(wire)
        try wire.send(frame)
        _ = try client.next(Control.goAway)
        #expect(try wire.readToEnd().text.isEmpty)
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test(
        "fields that HTTP/1.1 would read otherwise are refused",
        arguments: [
            ("transfer-encoding", "chunked"), ("connection", "close"), ("upgrade", "websocket"),
            ("x", "a\r\nb: c"), ("x", "a\0"), ("X-Upper", "v"), ("x y", "v"), ("host", "other"),
            ("content-length", "+4"), (":path", "/again"),
        ])
    func refusedFields(name: String, value: String) throws {
        let (rig, backend) = try Rig.forwarding()
        let client = try H2Wire(try rig.connect())
        try client.request(1, extra: [(name, value)])
        // A reset or a 400, as nghttp2 or we see it first; never a request to the endpoint.
        var frame = try client.next()
        while frame.stream != 1 && frame.type != Control.goAway { frame = try client.next() }
        try client.send(Control.ping, stream: 0, [UInt8](repeating: 0, count: 8))
        try rig.onLoop { _ in }
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }
}
