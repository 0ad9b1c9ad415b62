// Response heads: what ends them, what makes them reusable, and what makes them no response.
import HTTP
import Net
import Testing

@Suite("response heads")
struct ResponseHeadTests {
    static let messages = [
        "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\nX: y\r\n\r\nbody",
        "HTTP/1.0 404 Not  Found é\r\nContent-Length: 5\r\nServer:\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\nearly",
        "HTTP/1.1 599 \r\nTransfer-Encoding: chunked\r\nTrailer: X\r\nKeep-Alive: 1\r\n\r\n",
    ]

    @Test("a head read in any pieces is the same head", arguments: messages)
    func pieces(message: String) {
        let whole = ReadResponse.read(message)
        guard case .complete = whole else {
            Issue.record("not complete: \(whole)")
            return
        }
        for way in Pieces.all(of: Array(message.utf8)) {
            #expect(ReadResponse.read(way) == whole)
        }
    }

    private func read(_ message: String, to method: HTTPMethod = .get) throws -> ReadResponse {
        guard case .complete(let response) = ReadResponse.read(message, to: method) else {
            throw H1Error.statusLine
        }
        return response
    }

    @Test("the status line's parts are where they are")
    func parts() throws {
        let response = try read("HTTP/1.0 404 Not  Found\r\nX: y\r\n\r\n")
        #expect(response.status == 404)
        #expect(response.reason == "Not  Found")
        #expect(response.minorVersion == 0)
        #expect(try read("HTTP/1.1 200\r\n\r\n").reason == "")
        #expect(try read("HTTP/1.1 200 \r\n\r\n").reason == "")
    }

    @Test(
        "framing by fields, method and status",
        arguments: [
            ("200", "", HTTPMethod.get, BodyFraming.untilClose),
            ("200", "Content-Length: 0\r\n", .get, .none),
            ("200", "Content-Length: 7\r\n", .get, .length(7)),
            ("200", "Transfer-Encoding: chunked\r\n", .get, .chunked),
            ("200", "Content-Length: 7\r\n", .head, .none), ("200", "", .head, .none),
            ("200", "Transfer-Encoding: chunked\r\n", .head, .none),
            ("204", "Content-Length: 7\r\n", .get, .none), ("204", "", .get, .none),
            ("304", "Content-Length: 7\r\n", .get, .none), ("100", "", .get, .none),
            ("103", "Content-Length: 7\r\n", .post, .none),
        ])
    func framing(status: String, field: String, method: HTTPMethod, framing: BodyFraming) throws {
        #expect(try read("HTTP/1.1 \(status) x\r\n\(field)\r\n", to: method).framing == framing)
    }

    @Test(
        "reuse follows the version and what Connection says",
        arguments: [
            ("1.1", "", true), ("1.1", "Connection: close\r\n", false),
            ("1.1", "Connection: x, Close\r\n", false), ("1.0", "", false),
            ("1.0", "Connection: keep-alive\r\n", true),
            ("1.0", "Connection: keep-alive, close\r\n", false),
        ])
    func reuse(version: String, field: String, isReusable: Bool) throws {
        let response = try read("HTTP/\(version) 200 OK\r\n\(field)\r\n")
        #expect(response.allowsReuse == isReusable)
    }

    @Test("hop-by-hop fields stay on their hop")
    func hopByHop() throws {
        let response = try read(
            "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nx-hop: 1\r\nKeep-Alive: 1\r\nUpgrade: h2\r\n"
                + "Proxy-Connection: a\r\nTransfer-Encoding: chunked\r\nX-Stay: 1\r\n\r\n")
        #expect(response.fields.filter { !$0.hasPrefix("-") } == ["X-Stay: 1"])
    }

    @Test(
        "what is no response is refused, in whatever pieces",
        arguments: [
            ("", nil), ("X", .statusLine), ("HTTP/1.1 20 OK\r\n\r\n", .statusLine),
            ("HTTP/1.1 2000 OK\r\n\r\n", .statusLine), ("HTTP/1.1 099 OK\r\n\r\n", .statusLine),
            ("HTTP/1.1 600 OK\r\n\r\n", .statusLine), ("HTTP/1.1  200 OK\r\n\r\n", .statusLine),
            ("HTTP/1.1 200OK\r\n\r\n", .statusLine), ("HTTP/1.2 200 OK\r\n\r\n", .statusLine),
            ("HTTP/2 200 OK\r\n\r\n", .statusLine), ("HTTP/1.1 +20 OK\r\n\r\n", .statusLine),
            ("HTTP/1.1 200 O\0K\r\n\r\n", .statusLine), ("HTTP/1.1 200 O\rK\r\n\r\n", .statusLine),
            ("HTTP/1.1 200 OK\n\r\n", .bareLineFeed), ("HTTP/1.1 200 OK\r\n\n", .bareLineFeed),
            ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", .foldedLine),
            ("HTTP/1.1 200 OK\r\nX : a\r\n\r\n", .fieldName),
            ("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", .bareCarriageReturn),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                .duplicateContentLength
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", .contentLength),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                .lengthAndTransferEncoding
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .transferEncoding),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                .transferEncoding
            ),
            (
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                .transferEncodingInOldVersion
            ),
        ] as [(String, H1Error?)])
    func refused(message: String, error: H1Error?) {
        for way in Pieces.all(of: Array(message.utf8)) {
            #expect(ReadResponse.read(way) == (error.map { .failed($0) } ?? .needMore))
        }
    }

    @Test("a head above its limit is refused")
    func limit() {
        var limits = HTTPLimits()
        limits.headBytesMax = 100
        let endless = [UInt8]("HTTP/1.1 200 ".utf8) + [UInt8](repeating: 0x61, count: 200)
        #expect(ReadResponse.read(endless.map { [$0] }, limits: limits) == .failed(.headTooLarge))
    }
}
