// Walks through DER, element by element, strictly (X.690 section 10.1).
// For the one structure that is read often enough to be read here; everything else is OpenSSL's.

struct DERReader {
    struct Element {
        let tag: UInt8
        let content: ArraySlice<UInt8>
        /// With its tag and length.
        let whole: ArraySlice<UInt8>
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// nil where there is none, or one that is not DER: a length cut short, or longer than it must
    /// be written, or of more than two bytes.
    mutating func next() -> Element? {
        let start = rest.startIndex
        guard rest.count >= 2, rest[start] & 0x1F != 0x1F else { return nil }
        var count = Int(rest[start + 1])
        var header = 2
        switch count {
        case 0..<0x80: break
        case 0x81:
            guard rest.count >= 3, rest[start + 2] >= 0x80 else { return nil }
            count = Int(rest[start + 2])
            header = 3
        case 0x82:
            guard rest.count >= 4, rest[start + 2] > 0 else { return nil }
            count = Int(rest[start + 2]) << 8 | Int(rest[start + 3])
            header = 4
        default: return nil
        }
        guard rest.count >= header + count else { return nil }
        let whole = rest.prefix(header + count)
        rest = rest.dropFirst(header + count)
        return Element(tag: whole[start], content: whole.dropFirst(header), whole: whole)
    }

    /// The next element, where it has this tag.
    mutating func next(_ tag: UInt8) -> Element? {
        guard let element = next(), element.tag == tag else { return nil }
        return element
    }
}
