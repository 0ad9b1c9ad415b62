// Clients that go away, at the moments where that hurts most.
import Telemetry
import Testing

@Suite("clients that leave")
struct DepartureTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let upgrade =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    @Test(
        "a response for a client that has just gone is dropped, once",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\npart",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nok",
            "HTTP/1.1 200 OK\r\n\r\nuntil close",
            "HTTP/1.1 999 nonsense\r\n\r\n",
        ])
    func goneBeforeTheAnswer(response: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try rig.whileLoopIsHeld {
            try upstream.send(response)
            client.reset()
        }
        upstream.close()
        // The exchanges that serve the next requests are the ones used before.
        for _ in 0..<3 {
            let next = try rig.connect()
            try next.send(Self.get)
            let nextUp = try Wire.wait(for: "the next request") { rig.backends[0].acceptNow() }
            _ = try nextUp.readHead()
            try nextUp.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
            #expect(try next.readHead().hasPrefix("HTTP/1.1 200"))
            #expect(try next.read(count: 4) == "next")
            nextUp.close()
        }
        try rig.settle()
    }

    @Test("a client that goes as its upgrade is accepted takes nothing down with it")
    func goneBeforeTheTunnel() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.upgrade)
        try rig.whileLoopIsHeld {
            try upstream.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                    + "Upgrade: websocket\r\n\r\nearly")
            client.reset()
        }
        _ = try upstream.readToEnd()
        try rig.settle()
    }

    @Test("a local answer for a client that has just gone is dropped, once")
    func goneBeforeTheRefusal() throws {
        let backend = try Backend()
        let rig = try Rig(.forwarding(to: [backend.address], path: Plan.prefix("/known")))
        for _ in 0..<3 {
            let client = try rig.connect()
            try rig.whileLoopIsHeld {
                // The answers to the first requests provoke the reset that the last one meets.
                try client.send(String(repeating: Self.get, count: 50))
                client.close()
            }
        }
        try rig.settle()
    }

    @Test(
        "a client that leaves inside its head gives everything back",
        arguments: [
            "G", "GET / HTTP/1.1\r\nHost", "GET / HTTP/1.1\r\nHost: a\r\n",
        ])
    func goneInsideTheHead(part: String) throws {
        let (rig, _) = try Rig.forwarding()
        let client = try rig.connect()
        try client.send(part)
        client.finishSending()
        #expect(try client.readToEnd().text == "")
        #expect(try rig.http(.downstreamRqTotal) == 0)
        try rig.settle()
    }

    @Test("a client that leaves inside its body ends the endpoint's request too")
    func goneInsideTheBody() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        #expect(try upstream.read(count: 4) == "half")
        client.finishSending()
        #expect(try client.readToEnd().text == "")
        _ = try upstream.readToEnd()
        try rig.settle()
    }

    @Test("a client that leaves while it is answered ends the endpoint's response too")
    func goneInsideTheAnswer() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        _ = try client.readHead()
        client.reset()
        _ = try upstream.readToEnd()
        #expect(try rig.http(.downstreamRqRxReset) == 1)
        try rig.settle()
    }
}
