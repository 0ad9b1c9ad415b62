// Values inside a text log line.
// Everything a client sends may end up there, so a value must not be able to begin a line of its
// own, end its quotes or speak to a terminal: as nginx does, all but printable ASCII is escaped.

enum LogText {
    /// Escapes `bytes[start...]` in place: quotes, backslashes, control characters and all above
    /// 0x7E become `\xHH`.
    static func escape(_ bytes: inout [UInt8], from start: Int) {
        for index in start..<bytes.count where !JSONText.isPlain(bytes[index]) {
            rewrite(&bytes, from: index)
            return
        }
    }

    private static func rewrite(_ bytes: inout [UInt8], from start: Int) {
        let value = Array(bytes[start...])
        bytes.removeSubrange(start...)
        for byte in value {
            if JSONText.isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes.append(#"\x"#)
                bytes.append(hexadecimal: byte)
            }
        }
    }
}
