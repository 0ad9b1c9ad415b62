// Requests on their way up: framing, bodies, trailers, early answers, and what the proxy writes
// anew so that no two readers can disagree.
import Mesh
import Net
import Telemetry
import Testing

@Suite("requests")
struct RequestTests {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test("a body with a length arrives whole, split at every byte")
    func lengthSplits() throws {
        let (rig, _) = try Rig.forwarding()
        let request = "PUT /x HTTP/1.1\r\nHost: a\r\nX-Case: Kept\r\nContent-Length: 5\r\n\r\nhello"
        try splits(rig, request) { upstream in
            let head = try upstream.readHead()
            #expect(head.contains("\r\nX-Case: Kept\r\nContent-Length: 5\r\n"))
            #expect(try upstream.read(count: 5) == "hello")
        }
        try rig.settle()
    }

    @Test("a chunked body with trailers arrives whole, split at every byte")
    func chunkedSplits() throws {
        let (rig, _) = try Rig.forwarding()
        let request =
            "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n"
        try splits(rig, request) { upstream in
            let head = try upstream.readHead()
            #expect(head.contains("\r\ntransfer-encoding: chunked\r\n"))
            let body = try upstream.read(to: "\r\n0\r\nX-Sum: 1\r\n\r\n")
            #expect(Self.dechunked(body) == "hello")
        }
        try rig.settle()
    }

    /// Every two-part split, and byte by byte, on one connection.
    private func splits(
        _ rig: Rig, _ request: String, expect: (Wire) throws -> Void
    ) throws {
        let bytes = Array(request.utf8)
        let client = try rig.connect()
        var upstream: Wire?
        for cut in 0..<bytes.count {
            if cut == 0 {
                for byte in bytes {
                    try client.send([byte])
                    try rig.onLoop { _ in }
                }
            } else {
                try client.send(Array(bytes[..<cut]))
                try rig.onLoop { _ in }
                try client.send(Array(bytes[cut...]))
            }
            let wire = try upstream ?? rig.accept()
            upstream = wire
            try expect(wire)
            try wire.send(Self.ok)
            _ = try client.readHead()
            #expect(try client.read(count: 2) == "ok")
        }
    }

    /// The data of chunks without the last one.
    private static func dechunked(_ text: String) -> String {
        var rest = Array(text.utf8)[...]
        var data: [UInt8] = []
        while let end = rest.firstIndex(of: 0x0d),
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), size > 0
        {
            data += rest[(end + 2)..<(end + 2 + size)]
            rest = rest[(end + 2 + size + 2)...]
        }
        return String(decoding: data, as: UTF8.self)
    }

    @Test(
        "framing fields written oddly are written anew",
        arguments: [
            ("Transfer-Encoding: CHUNKED", "0\r\n\r\n", "transfer-encoding: chunked\r\n"),
            ("Transfer-Encoding:\tchunked", "0\r\n\r\n", "transfer-encoding: chunked\r\n"),
            ("Transfer-Encoding:chunked \t", "0\r\n\r\n", "transfer-encoding: chunked\r\n"),
            ("Content-Length:\t4", "body", "content-length: 4\r\n"),
            ("Content-Length: 4 ", "body", "content-length: 4\r\n"),
            ("Content-Length:4", "body", "content-length: 4\r\n"),
            ("Content-Length: 0004", "body", "content-length: 4\r\n"),
            ("Content-Length: 00", "", "content-length: 0\r\n"),
        ])
    func restated(field: String, body: String, expected: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, head) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\nX: y\r\n\r\n\(body)")
        #expect(head.contains("\r\n" + expected))
        #expect(!head.contains(field + "\r\n"))
        #expect(head.contains("\r\nX: y\r\n"))
        if !body.isEmpty { #expect(try upstream.read(count: body.utf8.count) == body) }
        try upstream.send(Self.ok)
        _ = try client.readHead()
        try rig.settle()
    }

    @Test("no header operation takes the framing away")
    func framingStays() throws {
        let backend = try Backend()
        var request = HeaderMutations.Operations()
        request.remove = [Array("content-length".utf8), Array("x".utf8)]
        var response = HeaderMutations.Operations()
        response.remove = [Array("content-length".utf8), Array("y".utf8)]
        let rig = try Rig(
            .forwarding(
                to: [backend.address],
                headers: HeaderMutations(request: request, response: response)),
            backends: [backend])
        let (client, upstream, head) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\nContent-Length: 4\r\n\r\nbody")
        #expect(head.contains("\r\nContent-Length: 4\r\n"))
        #expect(!head.contains("X: 1"))
        try upstream.send("HTTP/1.1 200 OK\r\nY: 1\r\nContent-Length: 2\r\n\r\nok")
        let answer = try client.readHead()
        #expect(answer.contains("\r\nContent-Length: 2\r\n"))
        #expect(!answer.contains("Y: 1"))
        try rig.settle()
    }

    @Test("Expect: 100-continue goes to the endpoint, and its answers come back")
    func expectContinue() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, head) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        #expect(head.contains("\r\nExpect: 100-continue\r\n"))
        try upstream.send("HTTP/1.1 100 Continue\r\n\r\n")
        #expect(try client.readHead() == "HTTP/1.1 100 Continue\r\n\r\n")
        try client.send("body")
        #expect(try upstream.read(count: 4) == "body")
        try upstream.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try rig.settle()
    }

    @Test("another expectation is 417")
    func unknownExpectation() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n")
        #expect(try client.readToEnd().text.hasPrefix("HTTP/1.1 417 Expectation Failed\r\n"))
        try rig.settle()
    }

    @Test("an answer that comes before the body has ended reaches the client, then it closes")
    func earlyAnswer() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\npart")
        #expect(try upstream.read(count: 4) == "part")
        try upstream.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 413 "))
        #expect(try client.readToEnd() == ("big", .finished))
        _ = try upstream.readToEnd()
        try rig.settle()
    }

    @Test("an endpoint that answers and closes without reading on is heard")
    func answerAndClose() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\npart")
        #expect(try upstream.read(count: 4) == "part")
        try upstream.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig")
        upstream.finishSending()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 413 "))
        #expect(try client.readToEnd().text == "big")
        try rig.settle()
    }

    @Test("a body that breaks the chunked coding is 400 and ends the endpoint's request")
    func brokenChunk() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n")
        #expect(try upstream.read(count: 9) == "4\r\nbody\r\n")
        try client.send("+4\r\nmore\r\n0\r\n\r\n")
        #expect(try client.readToEnd().text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(try upstream.readToEnd().text == "")
        try rig.settle()
    }

    @Test(
        "HTTP/1.0 is 426 and the connection closes",
        arguments: [
            "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        ])
    func oldVersion(request: String) throws {
        let (rig, backend) = try Rig.forwarding()
        let client = try rig.connect()
        try client.send(request)
        #expect(try client.readToEnd().text.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("a target in absolute form names the host, whatever Host says")
    func absoluteForm() throws {
        let (rig, _) = try Rig.forwarding()
        let (_, _, head) = try rig.open(
            "GET http://real.example:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(head.hasPrefix("GET /p?q HTTP/1.1\r\nhost: real.example:81\r\n"))
        #expect(!head.contains("other"))
        try rig.settle()
    }

    @Test("a body whose endpoint cannot be reached is read before the answer, also when it is long")
    func deferredAnswer() throws {
        let dead = try Backend()
        try dead.fallSilent()
        let rig = try Rig(.forwarding(to: [dead.address], connectTimeoutMs: 200))
        let client = try rig.connect()
        let body = String(repeating: "b", count: 64 * 1024)
        for _ in 0..<2 {
            try client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n\(body)")
            #expect(try client.readHead().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            _ = try client.read(to: "reset reason: ")
            _ = try client.readNow()
        }
        try rig.settle()
    }

    @Test("the proxy's own fields are its own, whatever the client sends")
    func edgeFields() throws {
        let (rig, _) = try Rig.forwarding()
        let (_, _, head) = try rig.open(
            "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nx-envoy-retry-on: 5xx\r\n"
                + "X-Forwarded-Proto: https\r\nX-Forwarded-For: 10.0.0.1\r\n"
                + "X-Forwarded-Client-Cert: x\r\nKeep-Alive: 5\r\nProxy-Connection: a\r\n"
                + "TE: trailers\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-End: 1\r\n\r\n")
        let lines = head.split(separator: "\r\n").dropFirst().map { $0.lowercased() }
        func values(_ name: String) -> [String] {
            lines.filter { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
        }
        #expect(values("x-forwarded-for") == ["10.0.0.1, 127.0.0.1"])
        #expect(values("x-forwarded-proto") == ["http"])
        #expect(values("x-envoy-external-address") == ["127.0.0.1"])
        #expect(values("x-envoy-attempt-count") == ["1"])
        #expect(values("x-end") == ["1"])
        let id = try #require(values("x-request-id").first)
        #expect(values("x-request-id").count == 1)
        #expect(
            id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
                != nil)
        for gone in [
            "x-envoy-retry-on", "x-forwarded-client-cert", "keep-alive", "proxy-connection", "te",
            "connection", "x-hop",
        ] {
            #expect(values(gone).isEmpty, "\(gone)")
        }
        try rig.settle()
    }
}
