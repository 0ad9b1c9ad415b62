// The spelling of IP addresses, CIDR blocks and unix sockets.
// Strict on purpose: `010.0.0.1` is octal to some programs and decimal to others, so it is neither.

enum AddressSyntax {
    static func isIP(_ text: some StringProtocol) -> Bool { isIPv4(text) || isIPv6(text) }

    /// Four decimal numbers without leading zeros.
    static func isIPv4(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count),
                    part.allSatisfy({ (0x30...0x39).contains($0) }),
                    part.count == 1 || part.first != 0x30
                else { return false }
                return part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    /// RFC 4291, 2.2, without a zone.
    static func isIPv6(_ text: some StringProtocol) -> Bool {
        let text = String(text)
        guard text.utf8.contains(UInt8(ascii: ":")) else { return false }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (half, part) in halves.enumerated() where !part.isEmpty {
            let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
            for (index, piece) in pieces.enumerated() {
                let isLast = half == halves.count - 1 && index == pieces.count - 1
                if isLast, piece.contains("."), isIPv4(piece) {
                    groups += 2
                } else if (1...4).contains(piece.utf8.count),
                    piece.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
                {
                    groups += 1
                } else {
                    return false
                }
            }
        }
        return halves.count == 2 ? groups < 8 : groups == 8
    }

    /// `10.0.0.0/8`, `2001:db8::/32`
    static func isCIDR(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let bits = Int(parts[1]), parts[1].utf8.allSatisfy({ $0 >= 0x30 })
        else { return false }
        return isIPv4(parts[0]) ? bits <= 32 : isIPv6(parts[0]) && bits <= 128
    }

    static func isUnix(_ text: String) -> Bool { text.hasPrefix("unix://") }

    /// Why `unix://...` is no address of a socket; nil if it is one. The kernel holds 107 bytes.
    static func complaint(unix text: String) -> String? {
        let path = text.dropFirst("unix://".count)
        guard let first = path.first, first == "/" || first == "@" else {
            return "a unix socket needs an absolute path or an abstract name"
        }
        if path.utf8.count < 2 || path.hasSuffix("/") { return "a unix socket without a name" }
        if path.utf8.count > 107 { return "a unix socket's path of more than 107 bytes" }
        return nil
    }
}
