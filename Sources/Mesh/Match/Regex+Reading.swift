// The bytes a match must start with, read off a regular expression without RE2.
// Where it is not sure it finds none, and it never decides that something does match.

extension Regex {
    /// Where the ASCII bytes stand that every text which matches `pattern` in full starts with;
    /// often the path up to the first group, as `/api/v` of `/api/v[0-9]+/.*`.
    static func literalPrefix(of pattern: [UInt8]) -> Range<Int> {
        let start = pattern.first == UInt8(ascii: "^") ? 1 : 0
        guard !hasTopLevelAlternatives(pattern) else { return start..<start }
        var end = start
        while end < pattern.count {
            // A quantifier binds to the byte before it, which may then be absent.
            if isQuantifier(pattern[end]) { return start..<max(start, end - 1) }
            guard isLiteral(pattern[end]) else { break }
            end += 1
        }
        return start..<end
    }

    private static func isQuantifier(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"): true
        default: false
        }
    }

    static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "*"),
            UInt8(ascii: "?"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "^"),
            UInt8(ascii: "$"), UInt8(ascii: "|"):
            false
        default:
            byte >= 0x20 && byte < 0x7f
        }
    }

    /// True also where it is not sure: `\Q` quotes, and bars inside a class or group do not count.
    private static func hasTopLevelAlternatives(_ pattern: [UInt8]) -> Bool {
        guard pattern.contains(UInt8(ascii: "|")) else { return false }
        var depth = 0
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "\\"):
                index += 1
                if index < pattern.count, pattern[index] == UInt8(ascii: "Q") { return true }
            case UInt8(ascii: "["): return true
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "|"): if depth <= 0 { return true }
            default: break
            }
            index += 1
        }
        return false
    }
}
