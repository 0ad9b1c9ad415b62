// An HTTP/2 client as small as it can be: frames by hand, fields as literals.
// A real client does not send what these tests need to send, and not at the moment they need it.
import Net
import Testing

final class H2Wire {
    struct Frame {
        let type: UInt8
        let flags: UInt8
        let stream: Int
        let payload: [UInt8]

        var ends: Bool { flags & 1 != 0 }
        var text: String { String(decoding: payload, as: UTF8.self) }
    }

    static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    enum Kind { static let data: UInt8 = 0, headers: UInt8 = 1, reset: UInt8 = 3 }
    enum Control { static let settings: UInt8 = 4, ping: UInt8 = 6, goAway: UInt8 = 7 }

    let wire: Wire

    /// Sends the preface and empty settings.
    init(_ wire: Wire) throws {
        self.wire = wire
        try wire.send(Self.preface)
        try send(Control.settings, stream: 0, [])
    }

    func send(_ type: UInt8, flags: UInt8 = 0, stream: Int, _ payload: [UInt8]) throws {
        let count = payload.count
        let header: [UInt8] = [
            UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags,
            UInt8(stream >> 24), UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255),
            UInt8(stream & 255),
        ]
        try wire.send(header + payload)
    }

    /// Literal fields without indexing, names new, no Huffman code (RFC 7541 section 6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { name, value -> [UInt8] in
            [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)]
                + Array(value.utf8)
        }
    }

    func request(
        _ stream: Int, _ path: String = "/", method: String = "GET", ends: Bool = true,
        extra: [(String, String)] = []
    ) throws {
        let fields =
            [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")] + extra
        try send(Kind.headers, flags: ends ? 5 : 4, stream: stream, Self.block(fields))
    }

    /// The next frame of any kind.
    func next() throws -> Frame {
        let header = try wire.read(bytes: 9)
        let count = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
        let stream =
            Int(header[5] & 127) << 24 | Int(header[6]) << 16 | Int(header[7]) << 8
            | Int(header[8])
        return Frame(
            type: header[3], flags: header[4], stream: stream,
            payload: try wire.read(bytes: count))
    }

    /// The next frame of this kind; others are passed over.
    func next(_ type: UInt8) throws -> Frame {
        while true {
            let frame = try next()
            if frame.type == type { return frame }
        }
    }
}
