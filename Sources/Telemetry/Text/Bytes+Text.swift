// Writing text into a byte buffer.
// Output goes into one growing [UInt8] and from there to a socket or a file; no String per line is
// made on the way.

extension [UInt8] {
    mutating func append(_ text: String) {
        append(contentsOf: text.utf8)
    }

    /// Decimal digits.
    mutating func append(decimal value: UInt64) {
        if value < 10 {
            append(UInt8(truncatingIfNeeded: value) + 0x30)
            return
        }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        var rest = value
        while rest > 0 {
            first -= 1
            digits[first] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
            rest /= 10
        }
        for digit in first..<20 { append(digits[digit]) }
    }

    /// Decimal digits with zeros in front, `width` of them; more are cut off at the left.
    mutating func append(decimal value: UInt64, width: Int) {
        var divisor: UInt64 = 1
        for _ in 1..<Swift.max(width, 1) { divisor &*= 10 }
        var rest = value % (divisor &* 10)
        while divisor > 0 {
            append(UInt8(truncatingIfNeeded: rest / divisor) + 0x30)
            rest %= divisor
            divisor /= 10
        }
    }
}
