// Requests one after the other on one connection, and many at once.
import Testing

@Suite("keep-alive and pipelining")
struct KeepAliveTests {
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
}
