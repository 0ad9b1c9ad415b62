// IP addresses as certificates hold them: 4 or 16 bytes.
// Written here in safe code, both ways; text is what RFC 5952 recommends.

public enum IPAddress {
    /// The bytes of `10.0.0.7` or `2001:db8::1`.
    ///
    /// - Throws: `.badName` for anything else, such as `010.0.0.1`, a zone or a prefix length.
    public static func bytes(_ text: String) throws(PKIError) -> [UInt8] {
        guard let bytes = text.contains(":") ? version6(text) : version4(text[...]) else {
            throw .badName(text, reason: "is no IP address")
        }
        return bytes
    }

    public static func text(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else {
            return bytes.map { String($0) }.joined(separator: ".")
        }
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        guard let zeros = longestZeros(groups) else {
            return groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        let before = groups[..<zeros.lowerBound].map { String($0, radix: 16) }
        let after = groups[zeros.upperBound...].map { String($0, radix: 16) }
        return before.joined(separator: ":") + "::" + after.joined(separator: ":")
    }

    private static func version4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // A leading zero means octal to some readers and decimal to others.
            guard let byte = UInt8(part), String(byte) == part else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func version6(_ text: String) -> [UInt8]? {
        guard !text.contains(":::") else { return nil }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        switch halves.count {
        case 1:
            guard let bytes = groups(halves[0], mayBeEmpty: false) else { return nil }
            return bytes.count == 16 ? bytes : nil
        case 2:
            guard let before = groups(halves[0], mayBeEmpty: true),
                let after = groups(halves[1], mayBeEmpty: true),
                before.count + after.count <= 14,
                !halves[0].contains(".")
            else { return nil }
            return before + [UInt8](repeating: 0, count: 16 - before.count - after.count) + after
        default: return nil
        }
    }

    private static func groups(_ text: Substring, mayBeEmpty: Bool) -> [UInt8]? {
        if text.isEmpty { return mayBeEmpty ? [] : nil }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard let last = version4(part) else { return nil }
                bytes += last
                continue
            }
            guard (1...4).contains(part.utf8.count),
                part.utf8.first != UInt8(ascii: "+"), let group = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
        return bytes
    }

    /// The longest run of two or more zero groups, the first of several (RFC 5952 section 4.2).
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > max(1, longest?.count ?? 0) { longest = start..<end }
            start = end + 1
        }
        return longest
    }
}
