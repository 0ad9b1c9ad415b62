// Responses on their way down: framing, cuts, and what must never look complete.
import HTTP
import Telemetry
import Testing

@testable import Proxy

@Suite("responses")
struct ResponseTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("a response until close becomes chunked, and ends where the endpoint ends")
    func untilClose() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.0 200 OK\r\n\r\none ")
        #expect(try client.readHead().contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(try client.read(to: "one \r\n") == "4\r\none \r\n")
        try upstream.send("two")
        upstream.close()
        #expect(try client.read(to: "0\r\n\r\n") == "3\r\ntwo\r\n0\r\n\r\n")
        try client.send(Self.get)
        let next = try rig.accept()
        #expect(try next.readHead().hasPrefix("GET / "))
        try rig.settle()
    }

    @Test(
        "data and FIN met in one event are both taken",
        arguments: [
            "HTTP/1.0 200 OK\r\n\r\nbody", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        ])
    func dataWithFin(response: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try rig.whileLoopIsHeld {
            try upstream.send(response)
            upstream.close()
        }
        _ = try client.readHead()
        #expect(try client.read(to: "body") != "")
        try client.send(Self.get)
        let next = try rig.accept()
        #expect(try next.readHead().hasPrefix("GET / "))
        try rig.settle()
    }

    @Test(
        "a response cut short is cut short for the client",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nX: y\r\n",
        ])
    func cutShort(response: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(response)
        let head = try client.readHead()
        upstream.close()
        let (body, _) = try client.readToEnd()
        #expect(body.contains("half"))
        #expect(!body.contains("0\r\n\r\n"))
        if head.contains("Content-Length") { #expect(body == "half") }
        try rig.settle()
    }

    @Test("a response until close that ends in a reset is not complete")
    func untilReset() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.0 200 OK\r\n\r\nhalf")
        _ = try client.readHead()
        #expect(try client.read(to: "half\r\n") == "4\r\nhalf\r\n")
        upstream.reset()
        #expect(!(try client.readToEnd().text).contains("0\r\n\r\n"))
        try rig.settle()
    }

    @Test(
        "nothing that breaks the protocol becomes a response",
        arguments: [
            "nonsense\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ])
    func protocolErrors(response: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(response)
        let head = try client.readHead()
        #expect(head.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(
            try client.read(to: "protocol error")
                == "upstream connect error or disconnect/reset before headers. "
                + "reset reason: protocol error")
        _ = try upstream.readToEnd()
        // The client's connection is sound and serves on.
        try client.send(Self.get)
        let next = try rig.accept()
        _ = try next.readHead()
        try rig.settle()
    }

    @Test(
        "a response has no body to HEAD, with 204 and with 304, whatever its fields say",
        arguments: [
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
            ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("HEAD", "HTTP/1.1 200 OK\r\n\r\n"),
            ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
            ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"),
        ])
    func noBody(method: String, response: String) throws {
        let (rig, backend) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in 0..<2 {
            try upstream.send(response)
            let head = try client.readHead()
            #expect(head.contains("Content-Length: 10") == response.contains("10"))
            #expect(!head.contains("chunked"))
            try client.send("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try upstream.readHead()
        }
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("a 204 with a length is passed on without it")
    func noContentWithLength() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX: y\r\n\r\n")
        let head = try client.readHead()
        #expect(!head.lowercased().contains("content-length"))
        #expect(head.contains("\r\nX: y\r\n"))
        try rig.settle()
    }

    @Test("interim responses are passed on, the final one follows", arguments: [true, false])
    func interim(inOnePiece: Bool) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        let parts = [
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ]
        if inOnePiece { try upstream.send(parts.joined()) }
        for part in parts {
            if !inOnePiece { try upstream.send(part) }
            let head = try client.readHead()
            #expect(head.hasPrefix(String(part.prefix(20))))
        }
        #expect(try client.read(count: 2) == "ok")
        #expect(try rig.http(.downstreamRq2xx) == 1)
        try rig.settle()
    }

    @Test(
        "interim responses without end are no response", arguments: [true, false])
    func endlessInterim(isHTTP2: Bool) throws {
        let (rig, _) = try Rig.forwarding { $0.http.headBytesMax = 2000 }
        let wire = try rig.connect()
        let client = isHTTP2 ? try H2Wire(wire) : nil
        if let client { try client.request(1) } else { try wire.send(Self.get) }
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        let hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
        try upstream.send(String(repeating: hint, count: 100))
        if let client {
            #expect(try client.next(H2Wire.Kind.data).text.hasPrefix("upstream connect error"))
        } else {
            #expect(try wire.read(to: "HTTP/1.1 502 Bad Gateway\r\n").contains(hint))
        }
        #expect(try rig.cluster(.upstreamCxProtocolError) == 1)
        #expect(try rig.http(.downstreamRq5xx) == 1)
        try rig.settle()
    }

    @Test("bytes behind a complete response end that connection and reach nobody")
    func leftover() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
                + "Content-Length: 6\r\n\r\npoison")
        _ = try client.readHead()
        #expect(try client.read(count: 2) == "ok")
        _ = try upstream.readToEnd()
        try client.send(Self.get)
        let next = try rig.accept()
        _ = try next.readHead()
        try next.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright")
        _ = try client.readHead()
        #expect(try client.read(count: 5) == "right")
        try rig.settle()
    }

    @Test("bytes on an idle connection end it")
    func unasked() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        _ = try client.readHead()
        #expect(try client.read(count: 2) == "ok")
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        _ = try upstream.readToEnd()
        try client.send(Self.get)
        _ = try rig.accept().readHead()
        try rig.settle()
    }

    @Test("a response split at every byte is the same response")
    func splits() throws {
        let (rig, _) = try Rig.forwarding()
        let response =
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-Case: Kept\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
        let (client, upstream, _) = try rig.open(Self.get)
        for cut in 1..<response.utf8.count {
            let bytes = Array(response.utf8)
            try upstream.send(Array(bytes[..<cut]))
            // The proxy has met the first piece before the second exists.
            try rig.onLoop { _ in }
            try upstream.send(Array(bytes[cut...]))
            #expect(try client.readHead().hasPrefix("HTTP/1.1 103 "))
            #expect(try client.readHead().contains("\r\nX-Case: Kept\r\n"))
            let body = try client.read(to: "0\r\nX-Sum: 1\r\n\r\n")
            #expect(body.split(separator: "\r\n").joined().contains("h"))
            try client.send(Self.get)
            _ = try upstream.readHead()
        }
        try rig.settle()
    }

    @Test("trailers that may travel do, those that must not are dropped")
    func trailers() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
                + "X-Sum: 1\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n"
                + "Transfer-Encoding: chunked\r\nHost: b\r\n\r\n")
        _ = try client.readHead()
        #expect(try client.read(to: "\r\n\r\n") == "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")
        try rig.settle()
    }
}
