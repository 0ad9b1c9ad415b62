// Chunked bodies that are sound: data, extensions, trailers, and where the next message begins.
import HTTP
import Net
import Testing

@Suite("chunked bodies")
struct ChunkedTests {
    @Test(
        "a body read in any pieces is the same body",
        arguments: [
            ("0\r\n\r\n", "", "", 0), ("5\r\nhello\r\n0\r\n\r\n", "hello", "", 0),
            ("5\r\nhello\r\n0\r\n\r\nGET / ", "hello", "", 6),
            ("00000005\r\nhello\r\n000\r\n\r\n", "hello", "", 0),
            ("a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n", "0123456789abcdefghij", "", 0),
            ("3;x\r\nhel\r\n2;y=\"z\";q\r\nlo\r\n0;last\r\n\r\n", "hello", "", 0),
            ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "", 0),
            ("0\r\nX-Sum: 1\r\nY:\r\n\r\n!", "", "X-Sum: 1\r\nY:\r\n", 1),
            (
                "0\r\nX: 1\r\nContent-Length: 5\r\nHost: b\r\nTransfer-Encoding: chunked\r\n"
                    + "Authorization: x\r\nx-envoy-retry-on: 5xx\r\nZ: 2\r\n\r\n", "",
                "X: 1\r\nZ: 2\r\n", 0
            ),
        ])
    func pieces(text: String, data: String, trailers: String, rest: Int) {
        let wanted = ReadBody(data: Array(data.utf8), trailers: Array(trailers.utf8), rest: rest)
        for way in Pieces.all(of: Array(text.utf8)) {
            #expect(ReadBody.read(way) == .complete(wanted))
        }
        let bytes = Array(text.utf8)
        for count in 0..<(bytes.count - rest) {
            #expect(ReadBody.read([Array(bytes[..<count])]) == .needMore)
        }
    }

    @Test("a large chunk comes out as it goes in, with no byte kept")
    func large() {
        let size = 3_000_000
        let data = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let text = Array("\(String(size, radix: 16))\r\n".utf8) + data + Array("\r\n0\r\n\r\n".utf8)
        let pieces = stride(from: 0, to: text.count, by: 65_521).map {
            Array(text[$0..<min($0 + 65_521, text.count)])
        }
        #expect(ReadBody.read(pieces) == .complete(ReadBody(data: data)))
    }

    @Test("extensions and trailers are bounded for the whole body")
    func limits() {
        var limits = HTTPLimits()
        limits.chunkExtensionBytesMax = 100
        limits.trailerBytesMax = 100
        let extended = "1;" + String(repeating: "x", count: 30) + "\r\na\r\n"
        #expect(
            ReadBody.read(String(repeating: extended, count: 3) + "0\r\n\r\n", limits: limits)
                == .complete(ReadBody(data: Array("aaa".utf8))))
        #expect(
            ReadBody.read(String(repeating: extended, count: 4), limits: limits)
                == .failed(.chunkExtension))
        let trailers = "0\r\n" + String(repeating: "X: y\r\n", count: 17) + "\r\n"
        #expect(ReadBody.read(trailers, limits: limits) == .failed(.trailerTooLarge))
    }

    @Test("what the writer puts on, the decoder takes off")
    func roundTrip() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<50 {
            var out = Buffer()
            var data: [UInt8] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let piece = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                data += piece
                piece.withView { out.appendChunk($0) }
            }
            out.appendLastChunk()
            #expect(ReadBody.read([out.readable.array]) == .complete(ReadBody(data: data)))
        }
    }

    @Test("a decoder that is reset remembers nothing")
    func reset() {
        var decoder = ChunkedDecoder()
        func feed(_ text: String) -> ChunkedDecoder.Step {
            Array(text.utf8).withView {
                var offset = 0
                return decoder.next($0, offset: &offset, limits: HTTPLimits())
            }
        }
        for start in ["1", "1;ext", "5\r\nhe", "0\r\nX: y", "zz", "0\r\n\r\n"] {
            _ = feed(start)
            decoder.reset()
            #expect(feed("0\r\n\r\n") == .end)
            var out = Buffer()
            decoder.appendTrailers(to: &out)
            let leftover = out.count
            #expect(leftover == 0)
            decoder.reset()
        }
    }
}
