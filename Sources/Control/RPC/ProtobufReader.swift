// Reads protocol buffers' wire format (protobuf.dev, "Encoding"), a field at a time.
// The two messages here have four fields between them; generated code would be larger than this.

struct ProtobufReader {
    enum Value: Equatable {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// Fixed 32 and 64 bits: read over, nothing here has any.
        case fixed
    }

    struct Malformed: Error, Equatable {}

    private var rest: ArraySlice<UInt8>

    init(_ message: [UInt8]) {
        rest = message[...]
    }

    /// The next field; nil at the end of the message.
    mutating func next() throws(Malformed) -> (number: UInt64, value: Value)? {
        if rest.isEmpty { return nil }
        let key = try varint()
        // Field numbers are 1 to 2^29 - 1.
        guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw Malformed() }
        switch key & 7 {
        case 0: return (key >> 3, .varint(try varint()))
        case 1:
            try skip(8)
            return (key >> 3, .fixed)
        case 2:
            let count = try varint()
            guard count <= UInt64(rest.count) else { throw Malformed() }
            let bytes = rest.prefix(Int(count))
            rest = rest.dropFirst(Int(count))
            return (key >> 3, .bytes(bytes))
        case 5:
            try skip(4)
            return (key >> 3, .fixed)
        // Groups are deprecated and in no message here.
        default: throw Malformed()
        }
    }

    private mutating func skip(_ count: Int) throws(Malformed) {
        guard rest.count >= count else { throw Malformed() }
        rest = rest.dropFirst(count)
    }

    /// At most ten bytes; bits beyond the 64th are dropped, as every implementation does.
    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<10 {
            guard let byte = rest.popFirst() else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << UInt64(7 * place)
            if byte & 0x80 == 0 { return value }
        }
        throw Malformed()
    }
}
