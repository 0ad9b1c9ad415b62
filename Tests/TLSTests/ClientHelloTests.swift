// ClientHellos as real clients send them, cut at every byte, and damaged.
import Net
import Testing

@testable import TLS

@Suite("ClientHello")
struct ClientHelloTests {
    /// What OpenSSL sends for these names.
    private func hello(_ name: String?, protocols: [String] = ["h2", "http/1.1"]) throws -> [UInt8]
    {
        var settings = TLSClientSettings()
        settings.skipsVerification = true
        settings.applicationProtocols = protocols
        let stream = try TLSStream(
            TLSContext(client: settings), to: TLSDestination(serverName: name))
        var out = Buffer()
        var offset = 0
        _ = stream.handshake(.empty, offset: &offset, out: &out)
        return out.readable.array
    }

    @Test("server name and protocols are read once all bytes are there, and not before")
    func everySplit() throws {
        let bytes = try hello("Shop.Example.com")
        for count in 0..<bytes.count {
            let outcome = bytes.withView { ClientHello.parse($0.prefix(count)) }
            #expect(outcome == .needMore, "after \(count) of \(bytes.count) bytes")
        }
        var expected = ClientHello()
        expected.serverName = "shop.example.com"
        expected.applicationProtocols = ["h2", "http/1.1"]
        #expect(bytes.withView(ClientHello.parse) == .complete(expected))
    }

    @Test("a hello in several records is one hello")
    func fragments() throws {
        let bytes = try hello("a.example.com")
        let body = Array(bytes[5...])
        var records: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: 50) {
            let piece = body[start..<min(start + 50, body.count)]
            records += [22, 3, 1, 0, UInt8(piece.count)] + piece
        }
        guard case .complete(let hello) = records.withView(ClientHello.parse) else {
            Issue.record("not read")
            return
        }
        #expect(hello.serverName == "a.example.com")
    }

    @Test("a client without SNI has no name")
    func noName() throws {
        guard case .complete(let found) = try hello(nil).withView(ClientHello.parse) else {
            Issue.record("not read")
            return
        }
        #expect(found.serverName == nil)
    }

    @Test(
        "what is no ClientHello is refused at its first bytes",
        arguments: [
            "GET / HTTP/1.1\r\n", "\u{16}\u{02}\u{01}", "\u{16}\u{03}\u{01}\u{00}\u{00}",
            "\u{16}\u{03}\u{01}\u{00}\u{04}\u{02}\u{00}\u{00}\u{00}",
        ])
    func refused(text: String) {
        #expect(Array(text.utf8).withView(ClientHello.parse) == .invalid)
    }

    @Test("damaged hellos never crash and never name a server that was not there")
    func damaged() throws {
        let bytes = try hello("shop.example.com")
        var random = SplitMix(state: 42)
        for _ in 0..<20_000 {
            var copy = bytes
            for _ in 0..<Int(random.next() % 4 + 1) {
                copy[Int(random.next() % UInt64(copy.count))] = UInt8(random.next() & 255)
            }
            if case .complete(let hello) = copy.withView(ClientHello.parse),
                let name = hello.serverName
            {
                #expect(name.utf8.count <= 255)
            }
        }
    }

    /// The same numbers every time.
    private struct SplitMix {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return word ^ word >> 31
        }
    }
}
