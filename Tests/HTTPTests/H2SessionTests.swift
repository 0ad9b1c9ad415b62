// Two HTTP/2 sessions talk to each other in memory: streams that begin, end and are used again.
// What nghttp2 makes of malformed frames is tested with the whole binary; here it is the seam.
import Net
import Testing

@testable import HTTP

@Suite("HTTP/2 sessions")
struct H2SessionTests {
    final class Stream: H2Stream {
        var fields: [String] = []
        var body: [UInt8] = []
        var trailing: [String] = []
        var ended = false
        var code: UInt32?

        override func received(name: ByteView, value: ByteView) -> Bool {
            fields.append("\(name.string): \(value.string)")
            return true
        }
        override func receivedHead(ends: Bool) {
            gotFinalHead = true
            if ends { ended = true }
        }
        override func received(body: ByteView) {
            self.body += body.array
            session.consume(body.count, of: self)
        }
        override func receivedTrailer(name: ByteView, value: ByteView) {
            trailing.append("\(name.string): \(value.string)")
        }
        override func receivedEnd() { ended = true }
        override func closed(code: UInt32) { self.code = code }
    }

    final class Server: H2Session {
        var begun: [Stream] = []
        var spare: [Stream] = []
        var clockMs: UInt64 = 1

        override var nowMs: UInt64 { clockMs }

        override func makeStream(id: Int32) -> H2Stream {
            let stream: Stream
            if let old = spare.popLast() {
                old.renew(id: id)
                (old.fields, old.body, old.trailing, old.ended, old.code) = ([], [], [], false, nil)
                stream = old
            } else {
                stream = Stream(id: id, session: self)
            }
            begun.append(stream)
            return stream
        }
    }

    let server = Server(role: .server, limits: H2Limits())
    let client = H2Session(role: .client, limits: H2Limits())

    /// Moves frames both ways until neither side has any.
    private func exchange() {
        while client.wantsToSend || server.wantsToSend {
            for (from, to) in [(client, server), (server, client)] {
                var bytes = Buffer()
                from.takeOutput(into: &bytes, limit: 1 << 20)
                #expect(to.receive(bytes.readable))
            }
        }
    }

    private func ask(_ lines: String = "", ends: Bool = true) throws -> Stream {
        var head = Buffer()
        head.append(text: lines)
        let session = client
        let stream = client.submitRequest(
            method: ByteView("GET"), scheme: ByteView("https"), authority: ByteView("a.test"),
            path: ByteView("/"), lines: &head, ends: ends
        ) { Stream(id: $0, session: session) }
        // Fields point into `head` until they are frames.
        exchange()
        return try #require(stream)
    }

    private func answer(_ stream: Stream, _ lines: String, body: [UInt8] = []) {
        var head = Buffer()
        head.append(text: lines)
        server.submitResponse(stream, status: 200, lines: &head, ends: body.isEmpty)
        body.withView { server.send($0, on: stream) }
        if !body.isEmpty { server.end(stream) }
        exchange()
    }

    @Test("fields arrive in lower case, without blanks around their values")
    func fields() throws {
        let asked = try ask("X-One:  a b \r\nLonger-Name-Than-Eight: B\r\n")
        let got = try #require(server.begun.first)
        #expect(got.ended)
        #expect(got.fields.suffix(2) == ["x-one: a b", "longer-name-than-eight: B"])
        answer(got, "Server: s\r\nX-Empty:\r\n", body: Array("hello".utf8))
        #expect(asked.fields == [":status: 200", "server: s", "x-empty: "])
        #expect(asked.body == Array("hello".utf8))
        #expect(asked.code == 0)
        #expect(got.code == 0)
        #expect(client.openStreams == 0)
        #expect(server.openStreams == 0)
    }

    @Test("pings that keep a connection alive are no flood; as many at once are")
    func keepalives() {
        var limits = H2Limits()
        limits.idleFramesMax = 20
        limits.idleFramesPerSecond = 1
        let server = Server(role: .server, limits: limits)
        func ping() {
            client.ping()
            var bytes = Buffer()
            client.takeOutput(into: &bytes, limit: 1 << 20)
            _ = server.receive(bytes.readable)
        }
        for _ in 0..<500 {
            server.clockMs += 1000
            ping()
        }
        #expect(!server.floodDetected)
        for _ in 0..<30 { ping() }
        #expect(server.floodDetected)
    }

    @Test("streams that end in any order leave the others in place")
    func order() throws {
        let asked = try (0..<20).map { try ask("x-number: \($0)\r\n") }
        #expect(server.openStreams == 20)
        var open = Set(0..<20)
        for number in [7, 0, 19, 3, 18, 1, 10] {
            answer(server.begun[number], "x-number: \(number)\r\n", body: [UInt8(number)])
            open.remove(number)
            #expect(asked[number].body == [UInt8(number)])
            #expect(server.openStreams == open.count)
        }
        for number in open { #expect(asked[number].code == nil) }
        server.connectionLost()
        for number in 0..<20 {
            #expect((server.begun[number].code != 0) == open.contains(number))
        }
        #expect(server.openStreams == 0)
    }

    @Test("a stream that serves again knows nothing of its life before")
    func reuse() throws {
        for round in 0..<50 as Range<UInt8> {
            let asked = try ask("x-round: \(round)\r\n", ends: false)
            let got = try #require(server.begun.last)
            #expect(got.id == Int32(round) * 2 + 1)
            #expect(got.fields.last == "x-round: \(round)")
            #expect(!got.ended)
            let body = [UInt8](repeating: round, count: Int(round) * 100 + 1)
            body.withView { client.send($0, on: asked) }
            let trailing: StaticString = "x-check: yes\r\n"
            client.end(asked, trailerLines: ByteView(trailing))
            exchange()
            #expect(got.body == body)
            #expect(got.trailing == ["x-check: yes"])
            #expect(got.ended)
            answer(got, "x-round: \(round)\r\n", body: body)
            #expect(asked.body == body)
            #expect(got.code == 0)
            server.spare.append(got)
        }
        #expect(Set(server.begun.map { ObjectIdentifier($0) }).count == 1)
    }

    @Test("a reset stream is closed on both sides with its code")
    func reset() throws {
        let asked = try ask(ends: false)
        let got = try #require(server.begun.first)
        server.reset(got, code: 8)
        exchange()
        #expect(asked.code == 8)
        #expect(got.code == 8)
        #expect(server.openStreams == 0)
    }
}
