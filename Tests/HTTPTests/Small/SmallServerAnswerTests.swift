// Answers of the small server: late ones, streamed ones, and ones a handler got wrong.
import Foundation
import Net
import Synchronization
import Testing

@testable import HTTP

@Suite("Small server's answers", .serialized)
struct SmallServerAnswerTests {
    private let get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n"

    @Test("an answer may come later, and requests behind it wait")
    func later() throws {
        let server = try SmallServer { request, responder, loop in
            if request.path == "/slow" {
                _ = Alarm(loop, afterMs: 60) { responder.send(.text("slow")) }
            } else {
                responder.send(.text("fast"))
            }
        }
        let peer = try server.peer()
        peer.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n" + get)
        #expect(peer.readResponse().hasSuffix("\r\n\r\nslow"))
        #expect(peer.readResponse().hasSuffix("\r\n\r\nfast"))
    }

    @Test("a handler that forgets to answer answers 500")
    func forgotten() throws {
        let server = try SmallServer { _, _, _ in }
        let peer = try server.peer()
        peer.send(get)
        #expect(peer.readResponse().hasPrefix("HTTP/1.1 500 "))
    }

    @Test("only the first answer counts")
    func twice() throws {
        let server = try SmallServer { _, responder, _ in
            responder.send(.text("one"))
            responder.send(.text("two"))
        }
        let peer = try server.peer()
        peer.send(get + get)
        #expect(peer.readResponse().hasSuffix("one"))
        #expect(peer.readResponse().hasSuffix("one"))
    }

    @Test("an answer to a client that has left goes nowhere and harms nobody")
    func left() throws {
        let server = try SmallServer { request, responder, loop in
            let wait: UInt64 = request.path == "/slow" ? 80 : 1
            _ = Alarm(loop, afterMs: wait) { responder.send(.text("late")) }
        }
        do {
            let peer = try server.peer()
            peer.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            usleep(10_000)
        }
        usleep(120_000)
        let peer = try server.peer()
        peer.send(get)
        #expect(peer.readResponse().hasSuffix("late"))
    }

    @Test("a streamed answer is chunked and ends with the last chunk")
    func streamed() throws {
        let server = try SmallServer { _, responder, loop in
            responder.begin(ServerResponse(body: Array("first".utf8)))
            responder.write([])
            _ = Alarm(loop, afterMs: 20) {
                responder.write(Array("0123456789abcdef".utf8))
                responder.end()
            }
        }
        let peer = try server.peer()
        peer.send(get)
        let head = peer.read(through: "\r\n\r\n")
        #expect(head.contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(!head.contains("content-length"))
        let body = peer.read(through: "0\r\n\r\n")
        #expect(body == "5\r\nfirst\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n")
        peer.send(get)
        #expect(peer.read(through: "0\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
    }

    @Test("a pulled answer is made no faster than the client takes it, and arrives whole")
    func pulled() throws {
        let made = Atomic<Int>(0)
        let pieces = 2000
        let server = try SmallServer { request, responder, loop in
            let begin = {
                responder.stream(ServerResponse(body: Array("<".utf8))) {
                    let number = made.add(1, ordering: .relaxed).newValue
                    if number > pieces { return nil }
                    return number % 7 == 0 ? [] : [UInt8](repeating: 0x61, count: 16_000)
                }
            }
            if request.path == "/later" { _ = Alarm(loop, afterMs: 20, begin) } else { begin() }
        }
        let whole = (1...pieces).filter { $0 % 7 != 0 }.count * 16_000 + 1
        for path in ["/now", "/later"] {
            made.store(0, ordering: .relaxed)
            let peer = try server.peer()
            // The second request waits behind the stream.
            peer.send("GET \(path) HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
            usleep(150_000)
            // Sockets hold a few megabytes at most; 27 would be the whole.
            #expect(made.load(ordering: .relaxed) < pieces)
            _ = peer.read(through: "\r\n\r\n")
            #expect(peer.readToEnd().utf8.count == whole)
        }
        let chunked = try server.peer()
        made.store(pieces - 2, ordering: .relaxed)
        chunked.send("GET /later HTTP/1.1\r\nhost: x\r\n\r\n" + get)
        let first = chunked.read(through: "0\r\n\r\n")
        #expect(first.contains("1\r\n<\r\n3e80\r\na"))
        // Behind it the next request is answered; the source is spent by then.
        #expect(chunked.read(through: "0\r\n\r\n").hasSuffix("1\r\n<\r\n0\r\n\r\n"))
    }

    @Test("HTTP/1.0 gets a streamed answer without chunks, until the connection closes")
    func streamedToOldClient() throws {
        let server = try SmallServer { _, responder, _ in
            responder.begin(ServerResponse())
            responder.write(Array("abc".utf8))
            responder.end()
        }
        let peer = try server.peer()
        peer.send("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        let answer = peer.readToEnd()
        #expect(answer.hasSuffix("\r\n\r\nabc"))
        #expect(!answer.contains("chunked"))
        #expect(peer.isEnded())
    }

    @Test("a stream that is given up does not look complete")
    func abandonedStream() throws {
        let server = try SmallServer { _, responder, _ in
            responder.begin(ServerResponse())
            responder.write(Array("half".utf8))
        }
        let peer = try server.peer()
        peer.send(get)
        let answer = peer.readToEnd()
        #expect(answer.contains("4\r\nhalf\r\n"))
        #expect(!answer.contains("\r\n0\r\n"))
        #expect(peer.isEnded())
    }

    @Test("a field with a line end in it is not sent: nobody splits a response")
    func responseSplitting() throws {
        let server = try SmallServer { _, responder, _ in
            var response = ServerResponse.text("x")
            response.fields += [
                HTTPField("location", "/a\r\nset-cookie: evil=1"), HTTPField("bad name", "x"),
                HTTPField("", "x"), HTTPField("x-good", "yes"),
            ]
            responder.send(response)
        }
        let peer = try server.peer()
        peer.send(get)
        let answer = peer.readResponse()
        #expect(!answer.contains("evil"))
        #expect(!answer.contains("bad name"))
        #expect(answer.contains("\r\nx-good: yes\r\n"))
    }

    @Test("framing is the server's own, whatever the handler says")
    func handlersFraming() throws {
        let server = try SmallServer { _, responder, _ in
            var response = ServerResponse.text("four")
            response.fields += [
                HTTPField("Content-Length", "400"), HTTPField("Transfer-Encoding", "chunked"),
                HTTPField("Connection", "close"),
            ]
            responder.send(response)
        }
        let peer = try server.peer()
        peer.send(get + get)
        for _ in 0..<2 {
            let answer = peer.readResponse()
            #expect(answer.hasSuffix("\r\n\r\nfour"))
            #expect(answer.lowercased().components(separatedBy: "content-length").count == 2)
            #expect(!answer.lowercased().contains("transfer-encoding"))
        }
    }

    @Test("204 and 304 have neither body nor length")
    func noBody() throws {
        let server = try SmallServer { request, responder, _ in
            let status = UInt16(request.path.dropFirst()) ?? 200
            responder.send(ServerResponse(status: status, body: Array("body".utf8)))
        }
        let peer = try server.peer()
        for status in [204, 304] {
            peer.send("GET /\(status) HTTP/1.1\r\nhost: x\r\n\r\n")
            let answer = peer.readResponse()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(!answer.contains("content-length"))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("a large answer reaches a slow reader whole")
    func large() throws {
        let server = try SmallServer { _, responder, _ in
            responder.send(
                ServerResponse(
                    contentType: "text/plain", body: [UInt8](repeating: 0x61, count: 8_000_000)))
        }
        let peer = try server.peer()
        peer.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        usleep(50_000)
        let answer = peer.readToEnd()
        let body = answer[(answer.range(of: "\r\n\r\n")?.upperBound ?? answer.endIndex)...]
        #expect(body.utf8.count == 8_000_000)
        #expect(body.utf8.allSatisfy { $0 == 0x61 })
    }

    @Test("a reader that takes nothing is cut off after a while")
    func stalledReader() throws {
        var limits = ServerLimits()
        limits.stallMs = 100
        let server = try SmallServer(limits: limits) { _, responder, _ in
            responder.send(
                ServerResponse(
                    contentType: "text/plain", body: [UInt8](repeating: 0x61, count: 32_000_000)))
        }
        let peer = try server.peer()
        peer.send(get)
        let deadline = Date() + 5
        usleep(50_000)
        while server.onLoop({ $0.connectionCount }) != 0, Date() < deadline { usleep(5000) }
        #expect(server.onLoop { $0.connectionCount } == 0)
        withExtendedLifetime(peer) {}
    }

    @Test("stopping closes idle connections, lets the others finish, and takes no more")
    func stopping() throws {
        let server = try SmallServer { _, responder, loop in
            _ = Alarm(loop, afterMs: 100) { responder.send(.text("finished")) }
        }
        let idle = try server.peer()
        idle.send(get)
        #expect(idle.readResponse().hasSuffix("finished"))
        let busy = try server.peer()
        busy.send(get)
        usleep(20_000)
        #expect(server.onLoop { $0.stop() } != nil)
        #expect(idle.isEnded(within: 1))
        let answer = busy.readToEnd()
        #expect(answer.contains("\r\nconnection: close\r\n"))
        #expect(answer.hasSuffix("finished"))
        let late = RawPeer(to: server.address)
        late?.send(get)
        #expect(late?.readToEnd(seconds: 0.3) ?? "" == "")
    }

    @Test("the server's name is sent when it has one")
    func name() throws {
        let server = try SmallServer(name: "isthmus") { _, responder, _ in
            responder.send(.redirect(to: "/there"))
        }
        let peer = try server.peer()
        peer.send(get)
        let answer = peer.readResponse()
        #expect(answer.hasPrefix("HTTP/1.1 302 Found\r\nlocation: /there\r\n"))
        #expect(answer.contains("\r\nserver: isthmus\r\n"))
    }
}

@Suite("Requests as handlers see them")
struct ServerRequestTests {
    @Test("queries and forms are decoded, and odd ones do no harm")
    func forms() {
        let items = FormItem.parse("a=1&b=x%20y+z&c&&d=%zz&e=%C3%A9&=v&f=a=b")
        #expect(items.value(of: "a") == "1")
        #expect(items.value(of: "b") == "x y z")
        #expect(items.value(of: "c") == "")
        #expect(items.has("c") && !items.has("g"))
        #expect(items.value(of: "d") == "%zz")
        #expect(items.value(of: "e") == "é")
        #expect(items.value(of: "f") == "a=b")
        #expect(items.count == 7)
        #expect(FormItem.parse("") == [])
        #expect(FormItem.decode("a+b%2".utf8, plusIsBlank: false) == "a+b%2")
    }

    @Test("only a posted form is read as one")
    func formType() throws {
        let peer = SocketAddress.v4(0x7F00_0001, port: 1)
        func request(_ type: String) -> ServerRequest {
            ServerRequest(
                method: .post, path: "/", fields: [HTTPField("Content-Type", type)],
                body: Array("a=1".utf8), peer: peer)
        }
        #expect(
            request("application/x-www-form-urlencoded; charset=utf-8").form.value(of: "a") == "1")
        #expect(request("text/plain").form.isEmpty)
    }
}
