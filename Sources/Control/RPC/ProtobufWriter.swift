// Writes protocol buffers' wire format (protobuf.dev, "Encoding").

struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ number: UInt64, _ value: [UInt8]) {
        varint(number << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    /// An `int64`: negative numbers take ten bytes. Zero is said by saying nothing.
    mutating func add(_ number: UInt64, _ value: Int64) {
        guard value != 0 else { return }
        varint(number << 3)
        varint(UInt64(bitPattern: value))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
