// A regular expression of at most 64 characters or classes, matched by sets of positions in it.
// What people write for paths mostly is one. It takes some hundred bytes where RE2 keeps eleven
// thousand, and ten thousand hosts whose expressions end alike share one.

/// Glushkov's automaton: a state is the set of places in the expression where the next byte may
/// stand, as the bits of a word. The time is linear in the text, whatever the expression.
struct PositionAutomaton: Sendable, Equatable {
    static let positionsMax = 64

    /// Where things stand in `words`; what has no fixed place comes behind.
    private enum Layout {
        /// The positions that may come first.
        static let first = 0
        /// Those after which the text may end.
        static let last = 1
        /// 1 where the empty text matches.
        static let isNullable = 2
        /// Of the positions' followers, from the program's start.
        static let followers = 3
        /// For each ASCII byte the number of its kind, eight to a word.
        static let kinds = 4
        /// For each kind the positions that take it.
        static let masks = kinds + 128 / 8
    }

    enum Verdict {
        case match, noMatch
        /// Not for it to say: the text has bytes beyond ASCII, which RE2 takes together as UTF-8.
        case unknown
    }

    /// Plain numbers, so that the programs of many expressions can lie in one array.
    let words: [UInt64]

    /// - Parameters:
    ///   - symbols: for each position the ASCII bytes it takes.
    ///   - followers: for each position those that may come next.
    init(symbols: [ASCIISet], followers: [UInt64], first: UInt64, last: UInt64, isNullable: Bool) {
        var takers = [UInt64](repeating: 0, count: 128)
        for (position, symbol) in symbols.enumerated() {
            for byte in symbol.bytes { takers[byte] |= 1 << UInt64(position) }
        }
        var kinds = [UInt64](repeating: 0, count: Layout.masks - Layout.kinds)
        var masks: [UInt64] = []
        for (byte, mask) in takers.enumerated() {
            // There are no more kinds than bytes, so a number fits in seven bits.
            let kind = masks.firstIndex(of: mask) ?? masks.count
            if kind == masks.count { masks.append(mask) }
            kinds[byte / 8] |= UInt64(kind) << UInt64(byte % 8 * 8)
        }
        let head = [first, last, isNullable ? 1 : 0, UInt64(Layout.masks + masks.count)]
        words = head + kinds + masks + followers
    }

    /// Whether the bytes of `text` from `start` on match, all of them.
    func verdict(on text: Span<UInt8>, from start: Int) -> Verdict {
        Self.verdict(of: words, at: 0, on: text, from: start)
    }

    /// The same for the program at `base` of many in `words`.
    @usableFromInline
    static func verdict(
        of words: borrowing [UInt64], at base: Int, on text: Span<UInt8>, from start: Int
    ) -> Verdict {
        var live = words[base &+ Layout.first]
        var accepts = words[base &+ Layout.isNullable] != 0
        let last = words[base &+ Layout.last]
        let followers = base &+ Int(truncatingIfNeeded: words[base &+ Layout.followers])
        var index = start
        while index < text.count {
            let byte = Int(text[index])
            if byte >= 128 { return .unknown }
            let kinds = words[base &+ Layout.kinds &+ byte >> 3]
            let kind = Int(truncatingIfNeeded: kinds >> UInt64((byte & 7) &* 8) & 0xff)
            var taken = live & words[base &+ Layout.masks &+ kind]
            if taken == 0 { return .noMatch }
            accepts = taken & last != 0
            live = 0
            while taken != 0 {
                live |= words[followers &+ taken.trailingZeroBitCount]
                taken &= taken &- 1
            }
            index &+= 1
        }
        return accepts ? .match : .noMatch
    }
}

/// A set of ASCII bytes.
struct ASCIISet: Sendable, Equatable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init() {}

    init(_ bytes: ClosedRange<UInt8>...) {
        for range in bytes { insert(range) }
    }

    func contains(_ byte: UInt8) -> Bool {
        (byte < 64 ? low >> UInt64(byte) : byte < 128 ? high >> UInt64(byte - 64) : 0) & 1 != 0
    }

    /// What lies beyond ASCII is passed over.
    mutating func insert(_ bytes: ClosedRange<UInt8>) {
        for byte in bytes where byte < 128 {
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
        }
    }

    var bytes: [Int] {
        var bytes: [Int] = []
        for (word, base) in [(low, 0), (high, 64)] {
            var rest = word
            while rest != 0 {
                bytes.append(base + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return bytes
    }

    mutating func formUnion(_ other: ASCIISet) {
        low |= other.low
        high |= other.high
    }

    var inverted: ASCIISet {
        var set = ASCIISet()
        set.low = ~low
        set.high = ~high
        return set
    }
}
