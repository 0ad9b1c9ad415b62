// Turns a UTF-16 file into UTF-8, because Windows' editors still write them.
// Done before parsing, so that lines, columns and carets have one kind of text to count in.

enum UTF16Text {
    /// The bytes themselves unless they start with a UTF-16 byte order mark. Broken pairs become
    /// U+FFFD, which no name in a resource may hold.
    static func utf8(of bytes: [UInt8]) -> [UInt8] {
        let isLittle = bytes.starts(with: [0xFF, 0xFE])
        guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return bytes }
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var index = 2
        while index + 1 < bytes.count {
            let first = UInt16(bytes[index])
            let second = UInt16(bytes[index + 1])
            units.append(isLittle ? second << 8 | first : first << 8 | second)
            index += 2
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}
