// Request heads that are sound: what is read out of them, however they arrive.
import HTTP
import Net
import Testing

@Suite("request heads")
struct RequestHeadTests {
    static let messages = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /x?y=z HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "POST /p HTTP/1.1\r\nhost: a\r\nCONTENT-LENGTH: 10\r\n\r\n0123456789",
        "POST /p HTTP/1.1\r\nHost:a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET http://a.example:8080/p?q HTTP/1.1\r\nHost: other\r\nX:\r\nY: \t \r\n\r\n",
        "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop , Upgrade\r\n"
            + "Upgrade: websocket\r\nX-Hop: 1\r\nx-hop: 2\r\nX-Stay: é \"q\"\r\n\r\nearly bytes",
        "GET / HTTP/1.0\r\n\r\n",
        "PURGE /%20/../\\ HTTP/1.1\r\nHost: a_b~c\r\nExpect: 100-Continue\r\n\r\n",
    ]

    @Test("a head read in any pieces is the same head", arguments: messages)
    func pieces(message: String) {
        let whole = ReadRequest.read(message)
        guard case .complete = whole else {
            Issue.record("not complete: \(whole)")
            return
        }
        for way in Pieces.all(of: Array(message.utf8)) {
            #expect(ReadRequest.read(way) == whole, "in pieces of \(way.map(\.count).prefix(2))")
        }
    }

    @Test("no part of a head is a head", arguments: messages)
    func prefixes(message: String) throws {
        guard case .complete(let whole) = ReadRequest.read(message) else { return }
        let bytes = Array(message.utf8)
        for count in 0..<whole.length {
            #expect(ReadRequest.read([Array(bytes[..<count])]) == .needMore)
        }
        #expect(ReadRequest.read([Array(bytes[..<whole.length])]) == .complete(whole))
    }

    private func read(_ message: String) throws -> ReadRequest {
        guard case .complete(let request) = ReadRequest.read(message) else {
            Issue.record("not complete: \(ReadRequest.read(message))")
            throw H1Error.requestLine
        }
        return request
    }

    @Test("method, target, version and authority are where they are")
    func parts() throws {
        let request = try read("\r\nGET /x?y=z HTTP/1.1\r\nHost: a:80\r\n\r\nrest")
        #expect(request.method == "GET")
        #expect(request.target == "/x?y=z")
        #expect(request.authority == "a:80")
        #expect(request.minorVersion == 1)
        #expect(request.form == .origin)
        #expect(request.length == 37)
    }

    @Test("in absolute form the target names the authority, and the path follows it")
    func absolute() throws {
        var request = try read("GET HTTP://A.example:81/p?q HTTP/1.1\r\nHost: b\r\n\r\n")
        #expect(request.authority == "A.example:81")
        #expect(request.target == "/p?q")
        #expect(request.form == .absolute)
        request = try read("GET https://a?q HTTP/1.1\r\nHost: b\r\n\r\n")
        #expect(request.authority == "a")
        #expect(request.target == "?q")
    }

    @Test("every method of the table is known, in capitals only")
    func methods() {
        let known: [(String, HTTPMethod)] = [
            ("GET", .get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete),
            ("CONNECT", .connect), ("OPTIONS", .options), ("TRACE", .trace), ("PATCH", .patch),
            ("get", .other), ("GETS", .other), ("", .other), ("PROPFIND", .other),
        ]
        for (name, method) in known {
            #expect(Array(name.utf8).withView { HTTPMethod($0) } == method, "\(name)")
        }
        #expect(HTTPMethod.put.isIdempotent && !HTTPMethod.post.isIdempotent)
    }

    @Test("Connection drops what it names, and nothing that says where the message ends")
    func connection() throws {
        let request = try read(
            "POST / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nX-Stay: 2\r\n"
                + "Connection: close, X-HOP,, host, content-length ,x-none\r\n"
                + "Content-Length: 3\r\nKeep-Alive: 5\r\nTE: trailers\r\nx-hop: 3\r\n"
                + "Proxy-Connection: x\r\n\r\n")
        #expect(
            request.fields == [
                "Host: a", "-X-Hop: 1", "X-Stay: 2",
                "-Connection: close, X-HOP,, host, content-length ,x-none", "Content-Length: 3",
                "-Keep-Alive: 5", "-TE: trailers", "-x-hop: 3", "-Proxy-Connection: x",
            ])
        #expect(request.close && !request.keepAlive && !request.upgrade)
        #expect(request.framing == .length(3))
    }

    @Test("an upgrade needs the option and the field; an offer of h2c is none")
    func upgrade() throws {
        func upgrades(_ fields: String) throws -> Bool {
            try read("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n").upgrade
        }
        #expect(try upgrades("Connection: Upgrade\r\nUpgrade: websocket"))
        #expect(try upgrades("Upgrade: websocket\r\nConnection: keep-alive\r\nConnection: upgrade"))
        #expect(try !upgrades("Upgrade: websocket"))
        #expect(try !upgrades("Connection: upgrade"))
        #expect(try !upgrades("Connection: upgrade\r\nUpgrade: h2c"))
        #expect(try !upgrades("Connection: upgrade\r\nUpgrade: H2C\r\nContent-Length: 1"))
    }

    @Test(
        "framing: none, a length, or chunked",
        arguments: [
            ("", BodyFraming.none), ("Content-Length: 0\r\n", .none),
            ("Content-Length: 1\r\n", .length(1)),
            ("Content-Length: 9223372036854775807\r\n", .length(.max)),
            ("Transfer-Encoding: chunked\r\n", .chunked),
            ("Transfer-Encoding: Chunked\r\n", .chunked),
        ])
    func framing(field: String, framing: BodyFraming) throws {
        #expect(try read("PUT / HTTP/1.1\r\nHost: a\r\n\(field)\r\n").framing == framing)
    }

    @Test("expectations: the one there is, and the others")
    func expectations() throws {
        var request = try read("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-CONTINUE\r\n\r\n")
        #expect(request.expects && !request.expectsUnknown)
        request = try read("PUT / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n")
        #expect(!request.expects && request.expectsUnknown)
    }

    @Test("each limit holds to the byte, in whatever pieces")
    func limits() {
        var limits = HTTPLimits()
        limits.requestLineBytesMax = 20
        limits.headBytesMax = 60
        limits.fieldsMax = 3
        func expect(_ message: String, _ wanted: H1Error?) {
            for way in Pieces.all(of: Array(message.utf8)) {
                let outcome = ReadRequest.read(way, limits: limits)
                if let wanted {
                    #expect(outcome == .failed(wanted), "\(message.debugDescription)")
                } else {
                    guard case .complete = outcome else {
                        Issue.record("\(outcome) of \(message.debugDescription)")
                        return
                    }
                }
            }
        }
        expect("GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n", nil)
        expect("GET /1234567 HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineTooLong)
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let room = 60 - start.utf8.count - 4
        expect(start + String(repeating: "x", count: room) + "\r\n\r\n", nil)
        expect(start + String(repeating: "x", count: room + 1) + "\r\n\r\n", .headTooLarge)
        expect("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n", nil)
        expect("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n", .tooManyFields)
    }

    @Test("connection options are bounded, as each is looked for among all fields")
    func connectionOptions() throws {
        func request(_ options: Int) -> String {
            let list = (0..<options).map { "x\($0)" }.joined(separator: ",")
            return "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: \(list)\r\n\r\n"
        }
        #expect(try read(request(99)).close)
        #expect(ReadRequest.read(request(100)) == .failed(.tooManyFields))
        #expect(
            ReadResponse.read("HTTP/1.1 200 OK\r\n" + request(100).dropFirst(16))
                == .failed(.tooManyFields))
    }

    @Test("a head that never ends is refused when it is too long, not kept")
    func endless() {
        var limits = HTTPLimits()
        limits.requestLineBytesMax = 100
        limits.headBytesMax = 200
        let line = [UInt8]("GET /".utf8) + [UInt8](repeating: 0x61, count: 200)
        #expect(ReadRequest.read(line.map { [$0] }, limits: limits) == .failed(.requestLineTooLong))
        let field =
            [UInt8]("GET / HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 0x61, count: 300)
        #expect(ReadRequest.read(field.map { [$0] }, limits: limits) == .failed(.headTooLarge))
    }
}
