// A block of IP addresses, `10.1.0.0/16` or one address, as a captured connection is looked up by.
// Two words and a length, because every new connection is compared with them.

/// IPv4 addresses are the 32 bits behind `::ffff:0:0/96` (RFC 4291 section 2.5.5.2), so that one
/// comparison does for both families.
public struct AddressBlock: Sendable, Hashable {
    public let high: UInt64
    public let low: UInt64
    /// 0 to 128 leading bits that count; those behind them are zero.
    public let length: Int

    /// Of the text of an IPv4 address, in host byte order.
    public static func v4(_ address: UInt32) -> AddressBlock {
        AddressBlock(high: 0, low: 0xffff_0000_0000 | UInt64(address), length: 128)
    }

    public init(high: UInt64, low: UInt64, length: Int) {
        let (front, back) = Self.mask(length)
        self.high = high & front
        self.low = low & back
        self.length = length
    }

    /// An address, or a block with its length; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first,
            let (high, low, isIPv4) = Self.bits(of: String(first))
        else { return nil }
        var length = 128
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard !digits.isEmpty, digits.count <= 3,
                digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }),
                let written = Int(parts[1]), written <= (isIPv4 ? 32 : 128)
            else { return nil }
            length = isIPv4 ? written + 96 : written
        }
        self.init(high: high, low: low, length: length)
    }

    public var isOneAddress: Bool { length == 128 }

    /// No IPv4 address is in a block of IPv6: `::/0` is every IPv6 address.
    public func contains(_ high: UInt64, _ low: UInt64) -> Bool {
        if length < 96, high == 0, low >> 32 == 0xffff { return false }
        let (front, back) = Self.mask(length)
        return high & front == self.high && low & back == self.low
    }

    private static func mask(_ length: Int) -> (UInt64, UInt64) {
        let front = length <= 0 ? 0 : length >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(length))
        let rest = length - 64
        let back = rest <= 0 ? 0 : rest >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(rest))
        return (front, back)
    }

    private static func bits(of text: String) -> (UInt64, UInt64, isIPv4: Bool)? {
        guard AddressLiteral.isIP(text) else { return nil }
        guard text.utf8.contains(UInt8(ascii: ":")) else {
            return (0, 0xffff_0000_0000 | UInt64(v4Bits(of: text[...])), true)
        }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        let front = groups(of: halves[0])
        let back = halves.count == 2 ? groups(of: halves[1]) : []
        let zeros = [UInt16](repeating: 0, count: max(0, 8 - front.count - back.count))
        var words: (UInt64, UInt64) = (0, 0)
        for (index, group) in (front + zeros + back).prefix(8).enumerated() {
            if index < 4 {
                words.0 = words.0 &<< 16 | UInt64(group)
            } else {
                words.1 = words.1 &<< 16 | UInt64(group)
            }
        }
        return (words.0, words.1, false)
    }

    /// Of a text that is known to be right.
    private static func v4Bits(of text: Substring) -> UInt32 {
        text.split(separator: ".").reduce(0) { $0 &<< 8 | UInt32(UInt8($1) ?? 0) }
    }

    private static func groups(of text: Substring) -> [UInt16] {
        text.split(separator: ":").flatMap { part -> [UInt16] in
            guard part.utf8.contains(UInt8(ascii: ".")) else {
                return [UInt16(part, radix: 16) ?? 0]
            }
            let bits = v4Bits(of: part)
            return [UInt16(bits >> 16), UInt16(bits & 0xffff)]
        }
    }
}

extension AddressBlock: CustomStringConvertible {
    /// `10.0.0.0/8`, `10.1.2.3`; IPv6 in eight groups.
    public var description: String {
        let isIPv4 = high == 0 && low >> 32 == 0xffff && length >= 96
        let text =
            isIPv4
            ? stride(from: 24, through: 0, by: -8).map { "\(low >> UInt64($0) & 255)" }
                .joined(separator: ".")
            : [high, low].flatMap { word in
                stride(from: 48, through: 0, by: -16).map {
                    String(word >> UInt64($0) & 0xffff, radix: 16)
                }
            }.joined(separator: ":")
        return isOneAddress ? text : "\(text)/\(isIPv4 ? length - 96 : length)"
    }
}

extension [AddressBlock] {
    /// `10.0.0.0/8 192.0.2.1`
    var text: String { map(\.description).joined(separator: " ") }
}
