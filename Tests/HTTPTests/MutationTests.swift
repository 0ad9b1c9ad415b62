// Messages with random damage: whatever they say, the codecs answer and never trap, and the answer
// does not depend on how the bytes arrive.
import HTTP
import Net
import Testing

@Suite("damaged messages")
struct MutationTests {
    static let corpus =
        RequestHeadTests.messages + ResponseHeadTests.messages + [
            "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
            "POST /p?q HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        ]

    /// Bytes with which parsers have trouble more often than with others.
    static let favourites: [UInt8] = [
        0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x23, 0x25, 0x2c, 0x2f, 0x30, 0x3a, 0x3b, 0x40, 0x5b,
        0x5c, 0x5d, 0x7f, 0x80, 0xff,
    ]

    static func damaged(_ message: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = message
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let byte = favourites.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where place < bytes.count: bytes[place] = byte
            case 1 where place < bytes.count:
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.insert(byte, at: place)
            case 3 where place < bytes.count: bytes.remove(at: place)
            default:
                // A piece of the message once more, somewhere else.
                let start = Int.random(in: 0...bytes.count, using: &random)
                let end = min(bytes.count, start + Int.random(in: 0...40, using: &random))
                bytes.insert(contentsOf: bytes[start..<end], at: place)
            }
        }
        return bytes
    }

    @Test("are answered alike in one piece and byte by byte", arguments: [1, 2, 3, 4] as [UInt64])
    func damaged(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<4000 {
            guard let message = Self.corpus.randomElement(using: &random) else { return }
            let bytes = Self.damaged(Array(message.utf8), &random)
            let single = bytes.map { [$0] }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let halves = [Array(bytes[..<cut]), Array(bytes[cut...])]
            let text = { String(decoding: bytes, as: UTF8.self).debugDescription }

            let request = ReadRequest.read([bytes])
            #expect(ReadRequest.read(single) == request, "\(text())")
            #expect(ReadRequest.read(halves) == request, "\(text())")
            let response = ReadResponse.read([bytes])
            #expect(ReadResponse.read(single) == response, "\(text())")
            #expect(ReadResponse.read(halves) == response, "\(text())")
            let body = ReadBody.read([bytes])
            #expect(ReadBody.read(single) == body, "\(text())")
            #expect(ReadBody.read(halves) == body, "\(text())")
            if case .complete(let read) = request { expectSound(read, text()) }
        }
    }

    /// What a request that was let through must be like, whatever was done to it.
    private func expectSound(_ request: ReadRequest, _ text: String) {
        #expect(!request.method.isEmpty && !request.method.contains { $0.isWhitespace }, "\(text)")
        #expect(!request.target.utf8.contains { $0 <= 0x20 || $0 == 0x7f }, "\(text)")
        #expect(!request.authority.utf8.contains { $0 <= 0x20 || $0 == 0x40 }, "\(text)")
        for field in request.fields {
            #expect(!field.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }, "\(text)")
        }
        let names = request.fields.map { $0.lowercased() }
        #expect(names.count { $0.hasPrefix("host:") } <= 1, "\(text)")
        #expect(
            names.count {
                $0.hasPrefix("content-length:") || $0.hasPrefix("-content-length:")
                    || $0.hasPrefix("-transfer-encoding:")
            } <= 1, "\(text)")
    }
}
