// One message of a unary gRPC call inside the bytes of an HTTP/2 body: a flag, a length, the
// message (PROTOCOL-HTTP2, "Length-Prefixed-Message").

enum GRPCFrame {
    static let prefixBytes = 5

    static func framed(_ message: [UInt8]) -> [UInt8] {
        let count = UInt32(truncatingIfNeeded: message.count)
        return [
            0, UInt8(truncatingIfNeeded: count >> 24), UInt8(truncatingIfNeeded: count >> 16),
            UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count),
        ] + message
    }

    /// The message of a whole body.
    ///
    /// - Throws: what the caller is told where there is none, more than one, or a compressed one.
    static func message(in body: [UInt8]) throws(GRPCStatus) -> [UInt8] {
        guard body.count >= prefixBytes else {
            throw GRPCStatus(.internal, "the call has no whole message")
        }
        guard body[0] == 0 else {
            throw GRPCStatus(.unimplemented, "compressed messages are not taken: use identity")
        }
        let count =
            Int(body[1]) << 24 | Int(body[2]) << 16 | Int(body[3]) << 8 | Int(body[4])
        guard body.count - prefixBytes == count else {
            throw GRPCStatus(
                .internal,
                body.count - prefixBytes < count
                    ? "the message ends before its length" : "the call has more than one message")
        }
        return Array(body.dropFirst(prefixBytes))
    }
}
