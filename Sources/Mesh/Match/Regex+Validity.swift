// Whether an expression is certainly one that RE2 takes, for the shapes people mostly write.
// RE2 can only be asked by building the whole automaton, which for ten thousand hosts is a third of
// the time a new configuration takes. What is not recognised here is asked of RE2; a test holds the
// two against each other.

extension Regex {
    /// True for literals, dots, escapes, plain classes, groups and alternatives with `*`, `+` or
    /// `?` each behind one of them, `^` in front and `$` at the end.
    static func isPlainlyValid(_ pattern: [UInt8]) -> Bool {
        guard pattern.count <= 1024 else { return false }
        var index = 0
        var depth = 0
        var canRepeat = false
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
                guard canRepeat else { return false }
                canRepeat = false
            case UInt8(ascii: "."):
                canRepeat = true
            case UInt8(ascii: "^"):
                guard index == 0 else { return false }
            case UInt8(ascii: "$"):
                guard index == pattern.count - 1 else { return false }
            case UInt8(ascii: "|"):
                canRepeat = false
            case UInt8(ascii: "("):
                depth += 1
                canRepeat = false
            case UInt8(ascii: ")"):
                depth -= 1
                guard depth >= 0 else { return false }
                canRepeat = true
            case UInt8(ascii: "\\"):
                index += 1
                guard index < pattern.count, isPlainEscape(pattern[index]) else { return false }
                canRepeat = true
            case UInt8(ascii: "["):
                guard let end = endOfPlainClass(pattern, from: index) else { return false }
                index = end
                canRepeat = true
            default:
                guard isLiteral(pattern[index]) else { return false }
                canRepeat = true
            }
            index += 1
        }
        return depth == 0
    }

    /// `\d`, `\w`, `\s` and their opposites, and any mark made literal.
    private static func isPlainEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "d"), UInt8(ascii: "D"), UInt8(ascii: "w"), UInt8(ascii: "W"),
            UInt8(ascii: "s"), UInt8(ascii: "S"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "^"), UInt8(ascii: "$"), UInt8(ascii: "|"), UInt8(ascii: "\\"):
            true
        default:
            false
        }
    }

    /// The index of the bracket that closes a class of letters, digits, `_`, `.`, `/`, ranges of
    /// letters or digits, and a dash at its end; nil for any other class.
    private static func endOfPlainClass(_ pattern: [UInt8], from start: Int) -> Int? {
        var index = start + 1
        if index < pattern.count, pattern[index] == UInt8(ascii: "^") { index += 1 }
        let first = index
        while index < pattern.count {
            let byte = pattern[index]
            if byte == UInt8(ascii: "]") { return index > first ? index : nil }
            if byte == UInt8(ascii: "-") {
                let isLast = index + 1 < pattern.count && pattern[index + 1] == UInt8(ascii: "]")
                return isLast && index > first ? index + 1 : nil
            }
            guard isAlphanumeric(byte) || byte == 0x5f || byte == 0x2e || byte == 0x2f else {
                return nil
            }
            if index + 2 < pattern.count, pattern[index + 1] == UInt8(ascii: "-"),
                pattern[index + 2] != UInt8(ascii: "]")
            {
                let upper = pattern[index + 2]
                guard isAlphanumeric(byte), isAlphanumeric(upper), byte <= upper else {
                    return nil
                }
                index += 2
            }
            index += 1
        }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }
}
