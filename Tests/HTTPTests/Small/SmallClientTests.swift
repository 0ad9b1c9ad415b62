// The small client against servers that behave and servers that do not.
import Foundation
import Net
import Synchronization
import Testing

@testable import HTTP

/// What two threads share: one puts the answer in, the other takes it out.
private final class AnswerBox: Sendable {
    let result = Mutex<SmallClient.Answer?>(nil)
}

/// A client on a loop of its own.
final class SmallClient {
    private var thread: LoopThread?
    private let town = Town()

    private final class Town: @unchecked Sendable {
        var client: HTTPClient?
    }

    init(limits: ClientLimits = ClientLimits()) throws {
        let town = town
        thread = try LoopThread.start(name: "test-client") { loop in
            town.client = HTTPClient(loop: loop, limits: limits)
            return nil
        }
    }

    deinit { thread.take()?.stop() }

    typealias Answer = Result<ClientResponse, ClientError>

    /// Begins a request; the answer can be waited for.
    func begin(
        _ request: ClientRequest, to address: SocketAddress, timeoutMs: UInt64 = 5000
    ) -> @Sendable () -> Answer? {
        let done = DispatchSemaphore(value: 0)
        let box = AnswerBox()
        let town = town
        thread?.mailbox.post { _ in
            town.client?.send(request, to: address, timeoutMs: timeoutMs) { answer in
                box.result.withLock { $0 = answer }
                done.signal()
            }
        }
        return {
            _ = done.wait(timeout: .now() + 10)
            return box.result.withLock { $0 }
        }
    }

    func send(
        _ request: ClientRequest, to address: SocketAddress, timeoutMs: UInt64 = 5000
    ) -> Answer? {
        begin(request, to: address, timeoutMs: timeoutMs)()
    }

    func stop() {
        let town = town
        thread?.mailbox.post { _ in town.client?.stop() }
    }
}

@Suite("Small client", .serialized)
struct SmallClientTests {
    private func get(_ target: String = "/") -> ClientRequest {
        ClientRequest(target: target, authority: "x")
    }

    private func text(_ answer: SmallClient.Answer?) -> String? {
        guard case .success(let response) = answer else { return nil }
        return "\(response.status) \(String(decoding: response.body, as: UTF8.self))"
    }

    private func error(_ answer: SmallClient.Answer?) -> String {
        guard case .failure(let error) = answer else { return "no error" }
        return error.description
    }

    /// Reads one request without a body, then says `answer`.
    private static func once(_ answer: String, thenWait: Bool = false) -> RawServer.Script {
        { peer in
            _ = peer.read(through: "\r\n\r\n")
            peer.send(answer)
            if thenWait { _ = peer.isEnded(within: 3) }
        }
    }

    @Test("a request goes out as it was given and the response comes back")
    func roundTrip() throws {
        let server = try SmallServer { request, responder, _ in
            let sent = request.fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
            responder.send(
                .text(
                    "\(request.methodName) \(request.path)?\(request.query) \(sent) "
                        + String(decoding: request.body, as: UTF8.self), status: 201))
        }
        let client = try SmallClient()
        let answer = client.send(
            ClientRequest(
                method: "POST", target: "/p?q=1", authority: "reviews:9080",
                fields: [HTTPField("x-request-id", "7"), HTTPField("Content-Length", "99")],
                body: Array("body".utf8)),
            to: server.address)
        #expect(
            text(answer) == "201 POST /p?q=1 host=reviews:9080 x-request-id=7 content-length=4 body"
        )
        if case .success(let response) = answer {
            #expect(response.value(of: "Content-Type") == "text/plain; charset=utf-8")
        }
    }

    @Test("requests one after the other use one connection, those at once have their own")
    func keepAlive() throws {
        let server = try SmallServer { request, responder, loop in
            let wait: UInt64 = request.path == "/slow" ? 50 : 1
            _ = Alarm(loop, afterMs: wait) { responder.send(.text("\(request.peer)")) }
        }
        let client = try SmallClient()
        let first = text(client.send(get(), to: server.address))
        let second = text(client.send(get(), to: server.address))
        #expect(first != nil && first == second)
        let waits = (0..<3).map { _ in client.begin(get("/slow"), to: server.address) }
        let peers = Set(waits.map { text($0()) })
        #expect(peers.count == 3)
    }

    @Test("a kept connection the server has closed costs one retry, not an error")
    func staleConnection() throws {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
        // The first connection answers once, takes a second request and closes without a word.
        let server = try RawServer([
            { peer in
                _ = peer.read(through: "\r\n\r\n")
                peer.send(ok + "a1")
                _ = peer.read(through: "\r\n\r\n")
            },
            Self.once(ok + "b1", thenWait: true),
        ])
        let client = try SmallClient()
        #expect(text(client.send(get(), to: server.address)) == "200 a1")
        #expect(text(client.send(get(), to: server.address)) == "200 b1")
    }

    @Test("a POST is never sent twice")
    func postIsNotRetried() throws {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        let server = try RawServer([
            { peer in
                _ = peer.read(through: "\r\n\r\n")
                peer.send(ok)
                usleep(20_000)
            },
            { peer in _ = peer.read(through: "\r\n\r\n") },
            Self.once(ok),
        ])
        let client = try SmallClient()
        #expect(text(client.send(get(), to: server.address)) != nil)
        let answer = client.send(
            ClientRequest(method: "POST", target: "/", authority: "x"), to: server.address)
        #expect(error(answer) == ClientError.closed.description)
    }

    @Test("no answer in time is an error at that time, and the connection is not used again")
    func timeout() throws {
        let server = try SmallServer { request, responder, loop in
            if request.path == "/never" {
                _ = Alarm(loop, afterMs: 3000) { responder.send(.text("late")) }
            } else {
                responder.send(.text("soon"))
            }
        }
        let client = try SmallClient()
        let start = Date()
        let answer = client.send(get("/never"), to: server.address, timeoutMs: 100)
        #expect(error(answer) == ClientError.timedOut.description)
        let took = Date().timeIntervalSince(start)
        #expect(took > 0.09 && took < 1.5)
        #expect(text(client.send(get(), to: server.address)) == "200 soon")
    }

    @Test("a refused connection says so")
    func refused() throws {
        let address = try ListeningSocket(on: .v4(0x7F00_0001, port: 0)).address
        let client = try SmallClient()
        #expect(
            error(client.send(get(), to: address)) == "could not connect: Connection refused")
    }

    @Test("chunked, unbounded and bodiless responses are read to their end and no further")
    func framings() throws {
        let responses: [(String, String)] = [
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                    + "3;e\r\nabc\r\n2\r\nde\r\n0\r\nt: x\r\n\r\n", "200 abcde"
            ),
            ("HTTP/1.0 200 OK\r\n\r\nuntil the end", "200 until the end"),
            ("HTTP/1.1 204 No Content\r\n\r\n", "204 "),
            ("HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n", "304 "),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                    + "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", "200 x"
            ),
        ]
        let client = try SmallClient()
        for (response, wanted) in responses {
            let server = try RawServer([Self.once(response)])
            #expect(text(client.send(get(), to: server.address)) == wanted)
        }
    }

    @Test("a response to HEAD has a length and no body")
    func head() throws {
        let server = try RawServer([
            Self.once("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", thenWait: true)
        ])
        let client = try SmallClient()
        let answer = client.send(
            ClientRequest(method: "HEAD", target: "/", authority: "x"), to: server.address)
        #expect(text(answer) == "200 ")
    }

    @Test("a response cut short is an error, never a shorter response")
    func cutShort() throws {
        let client = try SmallClient()
        for response in [
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
            "HTTP/1.1 200 OK\r\ncontent-le", "",
        ] {
            let server = try RawServer([Self.once(response)])
            let answer = client.send(get(), to: server.address)
            #expect(error(answer) == ClientError.closed.description, "\(response)")
        }
    }

    @Test("what is not a response is an error")
    func malformed() throws {
        let client = try SmallClient()
        for response in [
            "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 200 OK\nfoo: bar\n\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        ] {
            let server = try RawServer([Self.once(response, thenWait: true)])
            let said = error(client.send(get(), to: server.address))
            #expect(said.hasPrefix("not an HTTP/1.1 response"), "\(said)")
        }
    }

    @Test("a response larger than the limit is an error, however it is framed")
    func largeResponse() throws {
        var limits = ClientLimits()
        limits.bodyBytesMax = 10
        let client = try SmallClient(limits: limits)
        for response in [
            "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n12345678901\r\n",
            "HTTP/1.0 200 OK\r\n\r\n12345678901",
        ] {
            let server = try RawServer([Self.once(response, thenWait: true)])
            let answer = client.send(get(), to: server.address)
            #expect(error(answer) == ClientError.bodyTooLarge.description)
        }
    }

    @Test("nothing in a request can begin a line of its own")
    func requestSplitting() throws {
        let server = try SmallServer.echo()
        let client = try SmallClient()
        let bad = [
            ClientRequest(target: "/a HTTP/1.1\r\nx: y", authority: "x"),
            ClientRequest(target: "a", authority: "x"),
            ClientRequest(target: "", authority: "x"),
            ClientRequest(target: "/", authority: "x\r\ny: z"),
            ClientRequest(target: "/", authority: ""),
            ClientRequest(method: "GET /x", target: "/", authority: "x"),
            ClientRequest(method: "", target: "/", authority: "x"),
        ]
        for request in bad {
            let answer = client.send(request, to: server.address)
            #expect(error(answer) == ClientError.unsendable.description, "\(request)")
        }
        var good = get()
        good.fields = [HTTPField("a", "b\r\nc: d")]
        #expect(text(client.send(good, to: server.address)) == "200 GET / [] ")
    }

    @Test("bytes behind a response mean the connection is not used again")
    func surplus() throws {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n"
        let server = try RawServer([
            Self.once(ok + "a" + ok + "X"), Self.once(ok + "b"),
        ])
        let client = try SmallClient()
        #expect(text(client.send(get(), to: server.address)) == "200 a")
        #expect(text(client.send(get(), to: server.address)) == "200 b")
    }

    @Test("more requests at once than connections allowed are refused at once")
    func connectionLimit() throws {
        var limits = ClientLimits()
        limits.connectionsMax = 2
        let server = try SmallServer { _, responder, loop in
            _ = Alarm(loop, afterMs: 150) { responder.send(.text("ok")) }
        }
        let client = try SmallClient(limits: limits)
        let waits = (0..<3).map { _ in client.begin(get(), to: server.address) }
        let answers = waits.map { $0() }
        #expect(answers.compactMap { text($0) }.count == 2)
        #expect(error(answers[2]) == ClientError.tooManyConnections.description)
        #expect(text(client.send(get(), to: server.address)) == "200 ok")
    }

    @Test("stopping ends what is under way")
    func stopping() throws {
        let server = try SmallServer { _, responder, loop in
            _ = Alarm(loop, afterMs: 2000) { responder.send(.text("late")) }
        }
        let client = try SmallClient()
        let wait = client.begin(get(), to: server.address)
        usleep(30_000)
        client.stop()
        #expect(error(wait()) == ClientError.stopped.description)
        #expect(error(client.send(get(), to: server.address)) == ClientError.stopped.description)
    }
}
