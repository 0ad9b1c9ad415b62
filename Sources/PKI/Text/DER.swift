// Writes the few ASN.1 shapes that certificate extensions are made of (X.690, DER).
// Extension values are built here, in safe code that tests can compare with the standard's bytes,
// and OpenSSL puts them into certificates. Foreign bytes are OpenSSL's to read, but for
// `DERReader`.

enum DER {
    /// Context-specific, primitive: `[n] IMPLICIT`.
    static func implicitTag(_ number: UInt8) -> UInt8 { 0x80 | number }
    /// Context-specific, constructed: `[n]` around other values.
    static func constructedTag(_ number: UInt8) -> UInt8 { 0xA0 | number }

    static func value(tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        [tag] + length(content.count) + content
    }

    static func sequence(_ parts: [[UInt8]]) -> [UInt8] {
        value(tag: 0x30, parts.flatMap(\.self))
    }

    static func boolean(_ flag: Bool) -> [UInt8] { [0x01, 0x01, flag ? 0xFF : 0x00] }

    static func octetString(_ bytes: [UInt8]) -> [UInt8] { value(tag: 0x04, bytes) }

    static func enumerated(_ number: UInt8) -> [UInt8] { [0x0A, 0x01, number] }

    /// A number that is not negative, in the fewest bytes.
    static func integer(_ number: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        repeat {
            bytes.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        } while rest > 0
        if bytes[0] >= 0x80 { bytes.insert(0, at: 0) }
        return value(tag: 0x02, bytes)
    }

    /// A BIT STRING of named bits: bit 0 is the first, and zeros at the end are left out
    /// (X.690 section 11.2.2).
    static func namedBits(_ bits: UInt16) -> [UInt8] {
        guard bits != 0 else { return value(tag: 0x03, [0]) }
        let last = 15 - bits.leadingZeroBitCount
        var bytes = [UInt8](repeating: 0, count: last / 8 + 1)
        for bit in 0...last where bits & (1 << UInt16(bit)) != 0 {
            bytes[bit / 8] |= 0x80 >> UInt8(bit % 8)
        }
        return value(tag: 0x03, [UInt8(7 - last % 8)] + bytes)
    }

    /// - Parameter dotted: `1.3.6.1...`; at least two numbers, which callers' constants have.
    static func objectIdentifier(_ dotted: String) -> [UInt8] {
        var numbers = dotted.split(separator: ".").compactMap { UInt64($0) }
        guard numbers.count >= 2 else { return value(tag: 0x06, []) }
        let first = numbers.removeFirst()
        numbers[0] += 40 * first
        var content: [UInt8] = []
        for number in numbers {
            var septets = [UInt8(number & 0x7F)]
            var rest = number >> 7
            while rest > 0 {
                septets.insert(0x80 | UInt8(rest & 0x7F), at: 0)
                rest >>= 7
            }
            content += septets
        }
        return value(tag: 0x06, content)
    }

    private static func length(_ count: Int) -> [UInt8] {
        guard count >= 0x80 else { return [UInt8(count)] }
        var bytes: [UInt8] = []
        var rest = count
        while rest > 0 {
            bytes.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        }
        return [0x80 | UInt8(bytes.count)] + bytes
    }
}
