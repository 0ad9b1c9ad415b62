// Requests that are not HTTP/1.1, or mean different things to different readers: answered, closed,
// and never seen by an endpoint. Each rule has its own test beside the codec; here it is the
// connection's conduct that counts.
import Testing

@Suite("refusals")
struct RefusalTests {
    @Test(
        "a broken field line behind good ones is answered 400 and closes",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nBad Name: x\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Type: application/grpc\r\nHost: a\r\n x: folded\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Type: a\r\nHost: a\nX: bare\r\n\r\n",
        ])
    func brokenField(request: String) throws {
        let (rig, backend) = try Rig.forwarding()
        let client = try rig.connect()
        try client.send(request)
        let (answer, end) = try client.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(answer.contains("\r\nconnection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nBad Request"))
        #expect(end == .finished)
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("a broken field line of a response behind good ones is answered 502")
    func brokenResponseField() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n\r\n")
        try upstream.send("HTTP/1.1 200 OK\r\ngrpc-status: 0\r\nServer: x\r\nBad Name: x\r\n\r\n")
        let head = try client.readHead()
        // 502, as a call of gRPC is told it.
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(head.contains("\r\ngrpc-status: 14\r\ngrpc-message: upstream connect error"))
        try rig.settle()
    }

    @Test("chunks read before a broken one stay out of the next client's request")
    func staleChunks() throws {
        let (rig, _) = try Rig.forwarding()
        let post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        // The first client's request is answered early, its answer still under way, when its body
        // turns out to be broken.
        let (first, firstUp, _) = try rig.open(post)
        try firstUp.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        #expect(try first.readHead().hasPrefix("HTTP/1.1 200"))
        try first.send("6\r\nSTOLEN\r\nnot a chunk")
        #expect(try first.readToEnd().text == "half")

        let (second, secondUp, _) = try rig.open(post)
        try second.send("4\r\nmine\r\n0\r\n\r\n")
        #expect(try secondUp.read(to: "0\r\n\r\n") == "4\r\nmine\r\n0\r\n\r\n")
        try rig.settle()
    }

    @Test("many refused connections at once leave nothing behind")
    func many() throws {
        let (rig, _) = try Rig.forwarding()
        for _ in 0..<50 {
            let client = try rig.connect()
            try client.send("nonsense\r\n\r\n")
            #expect(try client.readToEnd().text.hasPrefix("HTTP/1.1 400"))
        }
        try rig.settle()
    }
}
