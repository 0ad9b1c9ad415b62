// A length of time as people write it: `24h`, `90d`, `1h30m`.
// Go's letters, which Istio uses, and `d` for days, which certificates are counted in.

public struct Lifetime: Sendable, Hashable, Comparable {
    public let seconds: Int64

    public init(seconds: Int64) { self.seconds = seconds }

    /// nil for what is no such text, is zero, or is longer than a calendar has days.
    public init?(_ text: String) {
        var total: Int64 = 0
        var number: Int64?
        for character in text.utf8 {
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) {
                let next = (number ?? 0).multipliedReportingOverflow(by: 10)
                guard !next.overflow, next.partialValue < 1 << 48 else { return nil }
                number = next.partialValue + Int64(character - UInt8(ascii: "0"))
                continue
            }
            let unit: Int64
            switch character {
            case UInt8(ascii: "s"): unit = 1
            case UInt8(ascii: "m"): unit = 60
            case UInt8(ascii: "h"): unit = 3600
            case UInt8(ascii: "d"): unit = 86400
            default: return nil
            }
            guard let count = number else { return nil }
            let part = count.multipliedReportingOverflow(by: unit)
            guard !part.overflow, part.partialValue < 1 << 48 else { return nil }
            total += part.partialValue
            number = nil
        }
        guard number == nil, total > 0, total < 1 << 48 else { return nil }
        seconds = total
    }

    public static func < (left: Lifetime, right: Lifetime) -> Bool {
        left.seconds < right.seconds
    }
}

extension Lifetime: CustomStringConvertible {
    /// The two largest units: `89d23h`, `24h`, `45s`.
    public var description: String {
        let units: [(Int64, String)] = [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")]
        var parts: [String] = []
        var rest = max(0, seconds)
        for (unit, letter) in units {
            let count = rest / unit
            rest %= unit
            if count > 0 { parts.append("\(count)\(letter)") }
            if parts.count == 2 || (!parts.isEmpty && count == 0) { break }
        }
        return parts.isEmpty ? "0s" : parts.joined()
    }
}
