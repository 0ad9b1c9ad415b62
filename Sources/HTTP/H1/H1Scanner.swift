// The byte classes of HTTP/1 and the loops that check them, eight bytes at a time where it counts.
// One of the few places where memory is read without a bounds check per byte: every access lies
// within a view whose length was checked before the loop.
import Net

enum H1Scanner {
    /// RFC 9110 section 5.6.2: tchar.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        // A bit a byte, two words for 0...127.
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        guard byte < 128 else { return false }
        return (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte - 64)) & 1 == 1
    }

    /// How many bytes from the start are token characters.
    static func tokenLength(_ bytes: ByteView, from start: Int) -> Int {
        var index = start
        let span = bytes.span
        while index + 8 <= span.count {
            let others = notNameLike(unsafe span.bytes.unsafeWord(at: index))
            if others == 0 {
                index += 8
                continue
            }
            index += others.trailingZeroBitCount >> 3
            guard isToken(bytes[index]) else { return index - start }
            index += 1
        }
        while index < bytes.count, isToken(bytes[index]) { index += 1 }
        return index - start
    }

    /// The highest bit of each of eight bytes that is neither letter nor hyphen, which most names
    /// are made of; the first byte is the lowest.
    @inline(__always)
    private static func notNameLike(_ word: UInt64) -> UInt64 {
        let high: UInt64 = 0x8080_8080_8080_8080
        let low = (word | 0x2020_2020_2020_2020) & ~high
        // A sum of seven bits reaches the eighth from `a` on, or from the byte behind `z`.
        let letters = (low &+ 0x1f1f_1f1f_1f1f_1f1f) & ~(low &+ 0x0505_0505_0505_0505)
        let others = word ^ 0x2d2d_2d2d_2d2d_2d2d
        let hyphens = ~((others & ~high) &+ ~high | others)
        return ~((letters | hyphens) & ~word) & high
    }

    /// RFC 9110 section 5.5: field-content is visible characters, obs-text, blank and tab.
    static func isFieldValue(_ bytes: ByteView) -> Bool {
        var index = 0
        let span = bytes.span
        while index + 8 <= span.count {
            let word = unsafe span.bytes.unsafeWord(at: index)
            // A byte below 0x20, or 0x7f: the classic "has less" and "has zero" tricks.
            let low = (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
            let delete = word ^ 0x7f7f_7f7f_7f7f_7f7f
            let deleted = (delete &- 0x0101_0101_0101_0101) & ~delete & 0x8080_8080_8080_8080
            if low | deleted != 0 {
                for offset in index..<index + 8 where !isFieldByte(bytes[offset]) { return false }
            }
            index += 8
        }
        while index < bytes.count {
            if !isFieldByte(bytes[index]) { return false }
            index += 1
        }
        return true
    }

    @inline(__always)
    static func isFieldByte(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte != 0x7f) || byte == 0x09
    }

    /// RFC 3986 characters of a request target, and bytes from 0x80 on, which browsers and curl
    /// send unescaped. No blanks, controls, `#` (a fragment never travels), quotes or angles stay.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7f && byte != 0x23
    }

    /// Host and port of a Host field (RFC 9110 section 7.2, RFC 3986 section 3.2): a reg-name or
    /// IPv4 address, or an IPv6 literal in brackets, then optionally `:` and digits.
    static func isAuthority(_ bytes: ByteView) -> Bool {
        guard bytes.count > 0, bytes.count <= 255 + 6 else { return false }
        var index = 0
        if bytes[0] == 0x5b {
            index = 1
            while index < bytes.count, bytes[index] != 0x5d {
                let byte = bytes[index]
                guard isHex(byte) || byte == 0x3a || byte == 0x2e else { return false }
                index += 1
            }
            guard index > 2, index < bytes.count else { return false }
            index += 1
        } else {
            while index < bytes.count, bytes[index] != 0x3a {
                guard isRegName(bytes[index]) else { return false }
                // An escape is `%` and two digits (RFC 3986 section 2.1) or no escape at all.
                if bytes[index] == 0x25 {
                    guard index + 2 < bytes.count, isHex(bytes[index + 1]), isHex(bytes[index + 2])
                    else { return false }
                }
                index += 1
            }
            guard index > 0 else { return false }
        }
        guard index < bytes.count else { return true }
        guard bytes[index] == 0x3a else { return false }
        let port = bytes.suffix(from: index + 1)
        guard port.count <= 5 else { return false }
        guard port.count > 0 else { return true }
        guard let number = port.decimal() else { return false }
        return number <= 65535
    }

    @inline(__always)
    private static func isHex(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || (byte | 0x20) &- 0x61 <= 5
    }

    /// unreserved, sub-delims and `%` of RFC 3986; `_` is used by people.
    @inline(__always)
    private static func isRegName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case 0x2d, 0x2e, 0x5f, 0x7e, 0x25: true
        case 0x21, 0x24, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x3b, 0x3d: true
        default: false
        }
    }
}

extension RawSpan {
    /// Eight bytes as a word; the caller has checked that they are there.
    @inline(__always)
    fileprivate func unsafeWord(at offset: Int) -> UInt64 {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}
