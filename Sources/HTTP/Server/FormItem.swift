// `a=1&b=2`: queries and posted forms (WHATWG URL, application/x-www-form-urlencoded).
// One reader for both, so that the admin port and the demo decode alike.

public struct FormItem: Sendable, Hashable {
    public let name: String
    /// Empty where there is no `=`.
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Pairs in the order they stand; empty pieces between `&` are skipped. Broken escapes stay as
    /// they are, bytes that are not UTF-8 become U+FFFD.
    public static func parse(_ text: String) -> [FormItem] {
        text.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let halves = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return FormItem(decode(halves[0]), halves.count > 1 ? decode(halves[1]) : "")
        }
    }

    /// The text with its percent escapes decoded.
    /// - Parameter plusIsBlank: as in forms; in a path a plus sign is a plus sign.
    public static func decode(
        _ text: some Collection<UInt8>, plusIsBlank: Bool = true
    ) -> String {
        var bytes: [UInt8] = []
        let source = Array(text)
        var index = 0
        while index < source.count {
            let byte = source[index]
            if byte == UInt8(ascii: "%"), index + 2 < source.count,
                let high = hexadecimal(source[index + 1]),
                let low = hexadecimal(source[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
                continue
            }
            bytes.append(byte == UInt8(ascii: "+") && plusIsBlank ? UInt8(ascii: " ") : byte)
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 <= 9 { return byte &- 0x30 }
        let lower = byte | 0x20
        return lower &- 0x61 <= 5 ? lower &- 0x57 : nil
    }
}

extension [FormItem] {
    /// The value of the first item with this name.
    public func value(of name: String) -> String? {
        first { $0.name == name }?.value
    }

    /// True for `?usedonly` as well as for `?usedonly=1`.
    public func has(_ name: String) -> Bool { contains { $0.name == name } }
}
