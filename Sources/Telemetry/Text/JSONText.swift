// The inside of a JSON string (RFC 8259 section 7).
// Values come from requests, so whatever bytes they hold must come out as one valid string: no
// quote ends it early, no control character reaches a terminal, no broken UTF-8 breaks a reader.

enum JSONText {
    /// Escapes `bytes[start...]` in place. Most values need nothing, and cost one look at each
    /// byte.
    static func escape(_ bytes: inout [UInt8], from start: Int) {
        for index in start..<bytes.count where !isPlain(bytes[index]) {
            rewrite(&bytes, from: index)
            return
        }
    }

    /// True for bytes that stand for themselves.
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    static func rewrite(_ bytes: inout [UInt8], from start: Int) {
        let value = String(decoding: bytes[start...], as: UTF8.self)
        bytes.removeSubrange(start...)
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": bytes.append(#"\""#)
            case "\\": bytes.append(#"\\"#)
            case "\n": bytes.append(#"\n"#)
            case "\r": bytes.append(#"\r"#)
            case "\t": bytes.append(#"\t"#)
            // C1 controls are escaped too: some terminals obey them (U+009B is CSI).
            case "\0"..<" ", "\u{7F}"..."\u{9F}":
                bytes.append(#"\u00"#)
                bytes.append(hexadecimal: UInt8(truncatingIfNeeded: scalar.value))
            default: bytes.append(contentsOf: String(scalar).utf8)
            }
        }
    }
}

extension [UInt8] {
    /// Two lower-case digits.
    mutating func append(hexadecimal byte: UInt8) {
        for digit in [byte >> 4, byte & 0xF] {
            append(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
        }
    }
}
