// Requests one after the other on one connection, and many at once.
import Mesh
import Telemetry
import Testing

@Suite("keep-alive and pipelining")
struct KeepAliveTests {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test("a connection serves one request after the other, and so does the endpoint's")
    func keepAlive() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, first) = try rig.open("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(first.hasPrefix("GET /1 HTTP/1.1\r\nHost: a\r\n"))
        for number in 1...5 {
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n:\(number)")
            let head = try client.readHead()
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"))
            #expect(!head.contains("connection: close"))
            #expect(try client.read(count: 2) == ":\(number)")
            try client.send("GET /\(number + 1) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try upstream.readHead().hasPrefix("GET /\(number + 1) HTTP/1.1\r\n"))
        }
        #expect(rig.backends[0].acceptNow() == nil)
        try rig.settle()
    }

    @Test(
        "pipelined requests are sent up one at a time and answered in order",
        arguments: [
            "GET /% HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /% HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
            "POST /% HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        ])
    func pipelined(request: String) throws {
        let (rig, _) = try Rig.forwarding()
        let client = try rig.connect()
        let all = (0..<20).map { request.replacing("%", with: "\($0)") }.joined()
        try client.send(all)
        let upstream = try rig.accept()
        for number in 0..<20 {
            let head = try upstream.readHead()
            #expect(head.split(separator: " ").dropFirst().first == "/\(number)")
            if request.contains("chunked") {
                #expect(try upstream.read(to: "0\r\n\r\n") == "4\r\nbody\r\n0\r\n\r\n")
            } else if request.contains("Length") {
                #expect(try upstream.read(count: 4) == "body")
            }
            try rig.onLoop { _ in }
            #expect(try upstream.readNow() == "")
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\(number + 100)")
            _ = try client.readHead()
            #expect(try client.read(count: 3) == "\(number + 100)")
        }
        #expect(rig.backends[0].acceptNow() == nil)
        try rig.settle()
    }

    @Test("requests for the proxy itself and for endpoints may be mixed in one piece")
    func mixed() throws {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address], path: Plan.prefix("/up"))
        plan.routes.append(
            Plan.route(
                Plan.prefix("/here"), .direct(DirectResponse(status: 200, body: Array("me".utf8)))))
        let rig = try Rig(plan, backends: [backend])
        let client = try rig.connect()
        try client.send(
            ["/here", "/up", "/nowhere", "/here", "/up"].map {
                "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n"
            }.joined())
        _ = try client.readHead()
        #expect(try client.read(count: 2) == "me")
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(Self.ok)
        _ = try client.readHead()
        #expect(try client.read(count: 2) == "ok")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        _ = try client.readHead()
        #expect(try client.read(count: 2) == "me")
        _ = try upstream.readHead()
        try upstream.send(Self.ok)
        _ = try client.readHead()
        #expect(try client.read(count: 2) == "ok")
        try rig.settle()
    }

    @Test("a client that has finished sending still gets every answer", arguments: [true, false])
    func halfClosed(inOneEvent: Bool) throws {
        let (rig, _) = try Rig.forwarding()
        let client = try rig.connect()
        let requests = String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 3)
        if inOneEvent {
            try rig.whileLoopIsHeld {
                try client.send(requests)
                client.finishSending()
            }
        } else {
            try client.send(requests)
            try rig.onLoop { _ in }
            client.finishSending()
        }
        let upstream = try rig.accept()
        for _ in 0..<3 {
            _ = try upstream.readHead()
            try upstream.send(Self.ok)
        }
        let (text, end) = try client.readToEnd()
        #expect(text.split(separator: "\r\n\r\nok").count == 3)
        #expect(end == .finished)
        try rig.settle()
    }

    @Test("a client that has finished sending gets a long answer whole")
    func halfClosedLong() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.finishSending()
        let size = 16 << 20
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
        _ = try client.readHead()
        let block = [UInt8](repeating: 0x62, count: 1 << 20)
        var unsent = size
        var untaken = size
        try Wire.wait(for: "all of it") {
            if unsent > 0 { unsent -= try upstream.offer(Array(block.prefix(unsent))) }
            // The client reads only once the endpoint has nothing more to say.
            if unsent < size / 2 { untaken -= try client.readNow().utf8.count }
            return untaken == 0 ? () : nil
        }
        #expect(try client.readToEnd() == ("", .finished))
        try rig.settle()
    }

    @Test("Connection: close is said and done, and what is pipelined behind it is not served")
    func close() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, head) = try rig.open(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(!head.lowercased().contains("\r\nconnection:"))
        try upstream.send(Self.ok)
        #expect(try client.readHead().contains("\r\nconnection: close\r\n"))
        #expect(try client.readToEnd() == ("ok", .finished))
        try rig.onLoop { _ in }
        #expect(try upstream.readNow() == "")
        #expect(try rig.http(.downstreamRqTotal) == 1)
        try rig.settle()
    }

    @Test("one empty line before a request line is let pass, as old clients send it")
    func emptyLine() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        try upstream.send(Self.ok)
        _ = try client.readHead()
        _ = try client.read(count: 2)
        try client.send("\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try upstream.readHead().hasPrefix("GET /b HTTP/1.1\r\nHost: a\r\n"))
        try rig.settle()
    }
}
