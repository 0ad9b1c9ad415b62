// The table of smuggling: requests by which two recipients could be made to see different ones.
// Each row is an attack somebody has carried out; each must be refused by its own rule, however its
// bytes arrive.
import HTTP
import Testing

@Suite("request smuggling")
struct SmugglingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let attack: String
        let bytes: [UInt8]
        let error: H1Error
        var testDescription: String { attack }

        init(_ attack: String, _ text: String, _ error: H1Error) {
            self.attack = attack
            bytes = Array(text.utf8)
            self.error = error
        }

        /// Fields behind a sound request line and Host.
        static func fields(_ attack: String, _ fields: String, _ error: H1Error) -> Row {
            Row(attack, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n", error)
        }
    }

    static let framing: [Row] = [
        .fields(
            "CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked",
            .lengthAndTransferEncoding),
        .fields(
            "TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 6",
            .lengthAndTransferEncoding),
        .fields(
            "CL.TE with a length of nothing",
            "Content-Length: 0\r\nTransfer-Encoding: chunked", .lengthAndTransferEncoding),
        .fields("two lengths", "Content-Length: 6\r\nContent-Length: 5", .duplicateContentLength),
        .fields(
            "the same length twice", "Content-Length: 6\r\nContent-Length: 6",
            .duplicateContentLength),
        .fields("a list of lengths", "Content-Length: 6, 6", .contentLength),
        .fields("a length with a plus", "Content-Length: +6", .contentLength),
        .fields("a length below nothing", "Content-Length: -6", .contentLength),
        .fields("a length in hexadecimal", "Content-Length: 0x6", .contentLength),
        .fields("a length with a blank in it", "Content-Length: 6 6", .contentLength),
        .fields("a length with a point", "Content-Length: 6.0", .contentLength),
        .fields("a length that is empty", "Content-Length:", .contentLength),
        .fields("a length past 63 bits", "Content-Length: 9223372036854775808", .contentLength),
        .fields("a length past 64 bits", "Content-Length: 18446744073709551622", .contentLength),
        .fields("a length in other digits", "Content-Length: ٦", .contentLength),
        .fields("TE.TE, one unknown", "Transfer-Encoding: xchunked", .transferEncoding),
        .fields(
            "TE.TE, two fields",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", .transferEncoding),
        .fields(
            "TE.TE, chunked twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .transferEncoding),
        .fields("chunked not last", "Transfer-Encoding: chunked, identity", .transferEncoding),
        .fields("chunked twice in one", "Transfer-Encoding: chunked, chunked", .transferEncoding),
        .fields("a coding before chunked", "Transfer-Encoding: gzip, chunked", .transferEncoding),
        .fields("identity", "Transfer-Encoding: identity", .transferEncoding),
        .fields("chunked in quotes", "Transfer-Encoding: \"chunked\"", .transferEncoding),
        .fields("chunked with a parameter", "Transfer-Encoding: chunked;q=1", .transferEncoding),
        .fields("a comma behind chunked", "Transfer-Encoding: chunked,", .transferEncoding),
        .fields("an empty coding", "Transfer-Encoding:", .transferEncoding),
        .fields("a vertical tab before chunked", "Transfer-Encoding: \u{0B}chunked", .fieldValue),
        Row(
            "chunked in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            .transferEncodingInOldVersion),
        .fields(
            "an upgrade with a body",
            "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3", .upgradeWithBody),
    ]

    static let lines: [Row] = [
        Row("a bare LF ends the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        Row("a bare LF ends a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", .bareLineFeed),
        Row("a bare LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        Row(
            "a bare LF before the request line", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            .bareLineFeed),
        Row(
            "two empty lines before the request line",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        .fields("a bare CR in a value", "X: a\rb", .bareCarriageReturn),
        .fields("a bare CR at the end of a value", "X: a\r", .bareCarriageReturn),
        .fields("a bare CR hides a field", "X: a\rContent-Length: 5", .bareCarriageReturn),
        .fields("a bare CR in a name", "X\rY: a", .fieldName),
        Row("a bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        .fields("a folded line", "X: a\r\n b", .foldedLine),
        .fields("a folded line with a tab", "X: a\r\n\tb", .foldedLine),
        .fields("a folded Transfer-Encoding", "Transfer-Encoding:\r\n chunked", .foldedLine),
        Row("a first line that is folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedLine),
        .fields("a blank before the colon", "Content-Length : 6", .fieldName),
        .fields("a tab before the colon", "Transfer-Encoding\t: chunked", .fieldName),
        .fields("a name with a zero byte", "Content-Length\0: 6", .fieldName),
        .fields("a name of nothing", ": x", .fieldName),
        .fields("a line without a colon", "Transfer-Encoding chunked", .fieldName),
        .fields("a name with a separator", "Content/Length: 6", .fieldName),
        .fields("a name with a high byte", "Content-Lengthé: 6", .fieldName),
        .fields("a zero byte in a value", "X: a\0b", .fieldValue),
        .fields("an escape in a value", "X: \u{1B}[2J", .fieldValue),
        .fields("a delete in a value", "X: a\u{7F}", .fieldValue),
        .fields("a control in a long value", "X: 0123456789abc\u{01}0123456789", .fieldValue),
    ]

    static let requestLines: [Row] = [
        Row("no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
        Row("a method with a colon", "GET: / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
        Row("two blanks behind the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("a tab behind the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .method),
        Row("two blanks before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        Row("a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        Row(
            "a second request line in the target",
            "GET / HTTP/1.1 GET /b HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        Row("a blank behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .requestLine),
        Row("no version, HTTP/0.9", "GET /\r\n\r\n", .target),
        Row("version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", .version),
        Row("version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", .version),
        Row("version 1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", .requestLine),
        Row("the version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n", .requestLine),
        Row("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .version),
        Row("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("a zero byte in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("a target without a slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row(
            "absolute form with user info", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            .target),
        Row("absolute form without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("an asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("CONNECT to a path", "CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Row("a TLS handshake", "\u{16}\u{03}\u{01}", .method),
    ]

    static let hosts: [Row] = [
        Row("no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", .missingHost),
        Row("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", .missingHost),
        Row("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .duplicateHost),
        Row(
            "the same Host twice", "GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n",
            .duplicateHost),
        Row("a Host with user info", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .invalidHost),
        Row("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .invalidHost),
        Row("a Host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .invalidHost),
        Row(
            "a list of Hosts by blank and comma", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            .invalidHost),
        Row(
            "a Host with a port past 65535", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n",
            .invalidHost),
        Row("a Host with a port of letters", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .invalidHost),
        Row("a Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", .invalidHost),
        Row("a Host of a port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", .invalidHost),
        Row("an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .invalidHost),
        Row("letters behind a bracket", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", .invalidHost),
        Row("a name in brackets", "GET / HTTP/1.1\r\nHost: [host]\r\n\r\n", .invalidHost),
        Row("a Host with a high byte", "GET / HTTP/1.1\r\nHost: é\r\n\r\n", .invalidHost),
        Row(
            "absolute form does not stand for Host", "GET http://a/ HTTP/1.1\r\n\r\n",
            .missingHost),
    ]

    @Test(
        "is refused by its rule, in whatever pieces",
        arguments: [
            framing, lines, requestLines, hosts,
        ].flatMap(\.self))
    func refused(row: Row) {
        for way in Pieces.all(of: row.bytes) {
            #expect(
                ReadRequest.read(way) == .failed(row.error),
                "in pieces of \(way.map(\.count).prefix(2))")
        }
    }

    struct Chunks: Sendable, CustomTestStringConvertible {
        let attack: String
        let text: String
        let error: H1Error
        var testDescription: String { attack }
        init(_ attack: String, _ text: String, _ error: H1Error) {
            self.attack = attack
            self.text = text
            self.error = error
        }
    }

    static let chunks: [Chunks] = [
        Chunks("a chunk size with a leading plus", "+5\r\nhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("a chunk size with a minus", "-1\r\n", .chunkSize),
        Chunks("a chunk size with 0x", "0x5\r\nhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("a chunk size with a blank before", " 5\r\nhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("a chunk size with a blank behind", "5 \r\nhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("a chunk size with an underscore", "1_0\r\n", .chunkSize),
        Chunks("a chunk size of nothing", "\r\nhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("an extension without a size", ";x\r\n", .chunkSize),
        Chunks("a chunk size past 63 bits", "8000000000000000\r\n", .chunkSize),
        Chunks("a chunk size past 64 bits", "10000000000000005\r\nhello\r\n", .chunkSize),
        Chunks("a chunk size of seventeen zeros", "00000000000000005\r\nhello\r\n", .chunkSize),
        Chunks("a bare LF behind the size", "5\nhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("a bare CR behind the size", "5\rhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("a chunk longer than its size", "4\r\nhello\r\n0\r\n\r\n", .chunkEnd),
        Chunks("a bare LF behind the data", "5\r\nhello\n0\r\n\r\n", .chunkEnd),
        Chunks("a bare CR behind the data", "5\r\nhello\r0\r\n\r\n", .chunkEnd),
        Chunks("a bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n", .chunkExtension),
        Chunks("a control in an extension", "5;a\u{01}\r\nhello\r\n0\r\n\r\n", .chunkExtension),
        Chunks("a bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n", .chunkSize),
        Chunks("a bare LF ends the body", "0\r\n\n", .trailer),
        Chunks("a bare CR ends the body", "0\r\n\rX", .chunkEnd),
        Chunks("a folded trailer", "0\r\nX: a\r\n b\r\n\r\n", .trailer),
        Chunks("a trailer without a colon", "0\r\nX\r\n\r\n", .trailer),
        Chunks("a trailer with a blank before the colon", "0\r\nX : a\r\n\r\n", .trailer),
        Chunks("a zero byte in a trailer", "0\r\nX: \0\r\n\r\n", .trailer),
        Chunks("a bare LF in a trailer", "0\r\nX: a\nY: b\r\n\r\n", .trailer),
        Chunks("a bare CR in a trailer", "0\r\nX: a\rY: b\r\n\r\n", .trailer),
        Chunks("a request for a trailer", "0\r\nGET / HTTP/1.1\r\n\r\n", .trailer),
    ]

    @Test("in chunks is refused by its rule, in whatever pieces", arguments: chunks)
    func refusedChunks(row: Chunks) {
        for way in Pieces.all(of: Array(row.text.utf8)) {
            #expect(
                ReadBody.read(way) == .failed(row.error),
                "in pieces of \(way.map(\.count).prefix(2))")
        }
    }

    @Test("every rule of the codec has a row")
    func complete() {
        let inRows = Set(
            [Self.framing, Self.lines, Self.requestLines, Self.hosts].joined().map(\.error)
                + Self.chunks.map(\.error))
        // Limits have their own tests; status lines are a response's.
        let elsewhere: Set<H1Error> = [
            .headTooLarge, .tooManyFields, .requestLineTooLong, .trailerTooLarge, .statusLine,
        ]
        #expect(Set(H1Error.allCases) == inRows.union(elsewhere))
        #expect(Set(H1Error.allCases.map(\.rule.description)).count == H1Error.allCases.count)
    }
}
