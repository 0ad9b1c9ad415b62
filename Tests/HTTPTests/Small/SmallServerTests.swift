// The small server as clients see it: framing, order, limits, and what it refuses.
import Foundation
import Net
import Testing

@testable import HTTP

@Suite("Small server", .serialized)
struct SmallServerTests {
    private let get = "GET /a?b=c HTTP/1.1\r\nhost: x\r\n\r\n"

    @Test("a request is answered with a date and a length")
    func simple() throws {
        let server = try SmallServer.echo()
        let peer = try server.peer()
        peer.send(get)
        let answer = peer.readResponse()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nGET /a [b=c] "))
        #expect(answer.contains("\r\ncontent-length: 13\r\n"))
        let date = /\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/
        #expect(answer.contains(date))
        #expect(!answer.contains("connection:"))
        #expect(!answer.contains("server:"))
    }

    @Test("HEAD gets the length of GET and no body")
    func head() throws {
        let server = try SmallServer.echo()
        let peer = try server.peer()
        peer.send("HEAD /abc HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        let answer = peer.readToEnd()
        #expect(answer.contains("\r\ncontent-length: 13\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test("pipelined requests are answered in their order")
    func pipelining() throws {
        let server = try SmallServer.echo()
        let peer = try server.peer()
        peer.send(
            (0..<50).map { "GET /\($0) HTTP/1.1\r\nhost: x\r\n\r\n" }.joined())
        for number in 0..<50 {
            #expect(peer.readResponse().hasSuffix("GET /\(number) [] "))
        }
    }

    @Test("a request may arrive in pieces split anywhere")
    func pieces() throws {
        let server = try SmallServer.echo()
        let text =
            "POST /p HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\ntrailer: t\r\n\r\n"
        let bytes = Array(text.utf8)
        let peer = try server.peer()
        for cut in stride(from: 1, to: bytes.count, by: 3) {
            peer.send(Array(bytes[..<cut]))
            usleep(300)
            peer.send(Array(bytes[cut...]))
            #expect(peer.readResponse().hasSuffix("POST /p [] abcdefg"), "cut at \(cut)")
        }
    }

    @Test("a body with a length is read whole, and what follows is the next request")
    func lengthBody() throws {
        let server = try SmallServer.echo()
        let peer = try server.peer()
        peer.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello" + get)
        #expect(peer.readResponse().hasSuffix("POST / [] hello"))
        #expect(peer.readResponse().hasSuffix("GET /a [b=c] "))
    }

    @Test("connection: close closes after the answer")
    func close() throws {
        let server = try SmallServer.echo()
        let peer = try server.peer()
        peer.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        let answer = peer.readToEnd()
        #expect(answer.contains("\r\nconnection: close\r\n"))
        #expect(answer.hasSuffix("GET / [] "))
        #expect(peer.isEnded())
    }

    @Test("HTTP/1.0 is closed after the answer unless it asks for keep-alive")
    func oldVersion() throws {
        let server = try SmallServer.echo()
        let plain = try server.peer()
        plain.send("GET / HTTP/1.0\r\n\r\n")
        #expect(plain.readToEnd().hasSuffix("GET / [] "))
        #expect(plain.isEnded())
        let kept = try server.peer()
        for _ in 0..<2 {
            kept.send("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
            #expect(kept.readResponse().contains("\r\nconnection: keep-alive\r\n"))
        }
    }

    @Test("a client that has sent its end still gets its answer")
    func halfClosed() throws {
        let server = try SmallServer.echo()
        let peer = try server.peer()
        peer.send(get)
        peer.finishSending()
        #expect(peer.readToEnd().hasSuffix("GET /a [b=c] "))
    }

    @Test("100-continue is sent before the body is asked for, and other expectations are 417")
    func expectations() throws {
        let server = try SmallServer.echo()
        let peer = try server.peer()
        let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
        peer.send(head + "expect: 100-continue\r\n\r\n")
        #expect(peer.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        peer.send("hi")
        #expect(peer.readResponse().hasSuffix("POST / [] hi"))
        peer.send(head + "expect: miracles\r\n\r\nhi")
        #expect(peer.readToEnd().hasPrefix("HTTP/1.1 417 "))
    }

    @Test("what is not HTTP/1.1 to the letter is refused and the connection closed")
    func malformed() throws {
        let server = try SmallServer.echo()
        let length = "content-length: 3\r\n"
        let attacks: [(String, String, String)] = [
            ("space before colon", "400", "GET / HTTP/1.1\r\nhost : x\r\n\r\n"),
            ("bare line feed", "400", "GET / HTTP/1.1\nhost: x\n\n"),
            ("folded line", "400", "GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n"),
            ("no host", "400", "GET / HTTP/1.1\r\n\r\n"),
            ("two hosts", "400", "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n"),
            (
                "two framings", "400",
                "POST / HTTP/1.1\r\nhost: x\r\n\(length)transfer-encoding: chunked\r\n\r\n"
            ),
            ("two lengths", "400", "POST / HTTP/1.1\r\nhost: x\r\n\(length)\(length)\r\nabc"),
            (
                "signed chunk", "400",
                "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n+3\r\nabc\r\n"
            ),
            ("CONNECT", "405", "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n"),
            (
                "long target", "414",
                "GET /\(String(repeating: "x", count: 40_000)) HTTP/1.1\r\nhost: x\r\n\r\n"
            ),
            (
                "many fields", "431",
                "GET / HTTP/1.1\r\nhost: x\r\n"
                    + String(repeating: "a: b\r\n", count: 200) + "\r\n"
            ),
        ]
        for (name, status, text) in attacks {
            let peer = try server.peer()
            peer.send(text + get)
            let answer = peer.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(name): \(answer.prefix(40))")
            #expect(answer.contains("\r\nconnection: close\r\n"), "\(name)")
            // One answer: the request behind the attack was not served.
            let statusLine = #/HTTP/1\.1 \d{3} /#
            #expect(answer.matches(of: statusLine).count == 1, "\(name)")
            #expect(peer.isEnded(), "\(name)")
        }
    }

    @Test("a body larger than the limit is 413, whether it says its length or not")
    func largeBody() throws {
        var limits = ServerLimits()
        limits.bodyBytesMax = 10
        let server = try SmallServer.echo(limits: limits)
        for text in [
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
                + "8\r\n12345678\r\n8\r\n12345678\r\n",
        ] {
            let peer = try server.peer()
            peer.send(text)
            #expect(peer.readToEnd().hasPrefix("HTTP/1.1 413 "))
        }
        let peer = try server.peer()
        peer.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1234567890")
        #expect(peer.readResponse().hasSuffix("1234567890"))
    }

    @Test("a head that does not arrive in time is 408, an idle connection is just closed")
    func slowness() throws {
        var limits = ServerLimits()
        limits.requestMs = 100
        limits.idleMs = 100
        let server = try SmallServer.echo(limits: limits)
        let slow = try server.peer()
        slow.send("GET / HTTP/1.1\r\nhos")
        #expect(slow.readToEnd().hasPrefix("HTTP/1.1 408 "))
        let slowBody = try server.peer()
        slowBody.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab")
        #expect(slowBody.readToEnd().hasPrefix("HTTP/1.1 408 "))
        let idle = try server.peer()
        #expect(idle.readToEnd() == "")
        #expect(idle.isEnded())
    }

    @Test("connections beyond the limit are told so, and others served")
    func connectionLimit() throws {
        var limits = ServerLimits()
        limits.connectionsMax = 2
        let server = try SmallServer.echo(limits: limits)
        let first = try server.peer()
        let second = try server.peer()
        for peer in [first, second] {
            peer.send(get)
            #expect(peer.readResponse().hasPrefix("HTTP/1.1 200 "))
        }
        #expect(try server.peer().readToEnd().hasPrefix("HTTP/1.1 503 "))
        first.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        #expect(first.readToEnd().hasPrefix("HTTP/1.1 200 "))
        second.send(get)
        #expect(second.readResponse().hasPrefix("HTTP/1.1 200 "))
    }

    @Test("many connections one after the other leave none behind")
    func nothingLeaks() throws {
        let server = try SmallServer.echo()
        for turn in 0..<50 {
            let peer = try server.peer()
            peer.send(turn % 2 == 0 ? get : "GET / HTTP/1.1\r\nhost: x\r\n")
            if turn % 2 == 0 { _ = peer.readResponse() }
        }
        let deadline = Date() + 5
        while server.onLoop({ $0.connectionCount }) != 0, Date() < deadline { usleep(2000) }
        #expect(server.onLoop { $0.connectionCount } == 0)
    }
}
