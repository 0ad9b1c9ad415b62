// Durations as Go writes them: `10s`, `1.5s`, `1h30m`, `250ms` (time.ParseDuration).
// Protobuf's JSON knows seconds alone, but Istio takes the longer forms and people write them.

enum GoDuration {
    enum Result: Equatable {
        case value(Duration)
        case negative
        case malformed
    }

    /// At most some 290 years, as in Go.
    static func parse(_ text: ArraySlice<UInt8>) -> Result {
        var rest = text
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if rest.elementsEqual("0".utf8) { return .value(.zero) }
        guard !rest.isEmpty else { return .malformed }
        var nanoseconds: Int64 = 0
        while !rest.isEmpty {
            guard let part = part(&rest) else { return .malformed }
            let (sum, overflow) = nanoseconds.addingReportingOverflow(part)
            guard !overflow else { return .malformed }
            nanoseconds = sum
        }
        if isNegative, nanoseconds != 0 { return .negative }
        return .value(.nanoseconds(nanoseconds))
    }

    /// One number with its unit, in nanoseconds.
    private static func part(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let whole = digits(&rest)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = digits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let name = rest.prefix { $0 != UInt8(ascii: ".") && !(0x30...0x39).contains($0) }
        rest.removeFirst(name.count)
        guard let unit = unit(String(decoding: name, as: UTF8.self)) else { return nil }
        var value: Int64 = 0
        for digit in whole {
            let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(Int64(digit - 0x30))
            guard !overflowed, !overflow else { return nil }
            value = sum
        }
        var (total, overflow) = value.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        var scale = unit
        for digit in fraction {
            scale /= 10
            (total, overflow) = total.addingReportingOverflow(Int64(digit - 0x30) * scale)
            guard !overflow else { return nil }
        }
        return total
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        rest.removeFirst(digits.count)
        return digits
    }

    /// Nanoseconds of a unit.
    private static func unit(_ name: String) -> Int64? {
        switch name {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }
}
