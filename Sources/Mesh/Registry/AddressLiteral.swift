// Whether a text is an IP address, and so needs no resolver.
// Asked of every endpoint, hence by hand: the system's parser would be a C call per address.

enum AddressLiteral {
    static func isIP(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: ":")) ? isIPv6(text) : isIPv4(text[...])
    }

    /// Four decimal bytes without leading zeros.
    static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.count <= 3
                    && part.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
                    && (part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0"))
                    && UInt8(part) != nil
            }
    }

    /// RFC 4291 2.2: groups of up to four hex digits, one `::`, perhaps an IPv4 tail.
    static func isIPv6(_ text: String) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, !text.utf8.isEmpty else { return false }
        var groups = 0
        for (number, half) in halves.enumerated() where !half.isEmpty {
            let parts = half.split(separator: ":", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                let isTail = number == halves.count - 1 && index == parts.count - 1
                if isTail, part.utf8.contains(UInt8(ascii: ".")) {
                    guard isIPv4(part) else { return false }
                    groups += 2
                } else {
                    guard !part.isEmpty, part.utf8.count <= 4, UInt16(part, radix: 16) != nil,
                        part.utf8.first != UInt8(ascii: "+")
                    else { return false }
                    groups += 1
                }
            }
        }
        return halves.count == 2 ? groups <= 7 : groups == 8
    }
}
