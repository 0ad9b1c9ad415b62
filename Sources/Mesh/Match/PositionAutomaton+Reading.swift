// From RE2's syntax to positions, for the part of it that means the same to everybody.
// Anything else, and anything not certain, is refused here and stays with RE2; a test holds the two
// against each other on expressions and texts made at random.

extension PositionAutomaton {
    /// Nil where `pattern` is not one that RE2 takes and means as it is read here: literals, dots,
    /// escapes, plain classes, groups, alternatives, `*` `+` `?` `{n,m}` and their lazy forms,
    /// which match the same texts; `$` at the end, where it says nothing, as the whole text has to
    /// match.
    ///
    /// It does not say that RE2 takes the pattern: that is asked before.
    init?(reading pattern: ArraySlice<UInt8>) {
        var pattern = pattern
        if pattern.last == UInt8(ascii: "$") {
            // Behind a backslash it is a dollar sign, unless that one is escaped itself.
            let marks = pattern.dropLast().reversed().prefix { $0 == UInt8(ascii: "\\") }
            if marks.count.isMultiple(of: 2) { pattern.removeLast() }
        }
        var reader = PositionReader(pattern)
        guard let whole = reader.alternatives(depth: 0), reader.isAtEnd else { return nil }
        self.init(
            symbols: reader.symbols, followers: reader.followers, first: whole.first,
            last: whole.last, isNullable: whole.isNullable)
    }
}

/// A part of an expression: the positions it may begin and end with.
private struct Fragment {
    var first: UInt64 = 0
    var last: UInt64 = 0
    var isNullable = true
}

private struct PositionReader {
    /// Groups within groups.
    private static let depthMax = 16

    private(set) var symbols: [ASCIISet] = []
    private(set) var followers: [UInt64] = []
    private let pattern: [UInt8]
    private var index = 0

    init(_ pattern: ArraySlice<UInt8>) {
        self.pattern = Array(pattern)
    }

    var isAtEnd: Bool { index == pattern.count }

    private var next: UInt8? { index < pattern.count ? pattern[index] : nil }

    private mutating func takes(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    mutating func alternatives(depth: Int) -> Fragment? {
        guard depth < Self.depthMax, var whole = sequence(depth: depth) else { return nil }
        while takes("|") {
            guard let other = sequence(depth: depth) else { return nil }
            whole.first |= other.first
            whole.last |= other.last
            whole.isNullable = whole.isNullable || other.isNullable
        }
        return whole
    }

    private mutating func sequence(depth: Int) -> Fragment? {
        var whole = Fragment()
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            guard let part = repeated(depth: depth) else { return nil }
            join(&whole, part)
        }
        return whole
    }

    private mutating func join(_ left: inout Fragment, _ right: Fragment) {
        follow(left.last, by: right.first)
        if left.isNullable { left.first |= right.first }
        left.last = right.isNullable ? left.last | right.last : right.last
        left.isNullable = left.isNullable && right.isNullable
    }

    private mutating func follow(_ positions: UInt64, by next: UInt64) {
        var rest = positions
        while rest != 0 {
            followers[rest.trailingZeroBitCount] |= next
            rest &= rest - 1
        }
    }

    private mutating func repeated(depth: Int) -> Fragment? {
        let start = index
        guard var part = atom(depth: depth) else { return nil }
        switch next {
        case UInt8(ascii: "*"):
            follow(part.last, by: part.first)
            part.isNullable = true
        case UInt8(ascii: "+"):
            follow(part.last, by: part.first)
        case UInt8(ascii: "?"):
            part.isNullable = true
        case UInt8(ascii: "{"):
            index += 1
            guard let (least, most) = bounds() else { return nil }
            guard let copies = copies(of: part, from: start, least, most, depth: depth) else {
                return nil
            }
            part = copies
            return endsRepetition() ? part : nil
        default:
            return part
        }
        index += 1
        return endsRepetition() ? part : nil
    }

    /// A mark that makes it lazy says nothing about which texts match; a second repetition is
    /// refused by RE2.
    private mutating func endsRepetition() -> Bool {
        _ = takes("?")
        switch next {
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            return false
        default:
            return true
        }
    }

    /// `n}`, `n,}` or `n,m}`; nil for anything else, which RE2 takes for literals or refuses.
    private mutating func bounds() -> (least: Int, most: Int?)? {
        guard let least = number() else { return nil }
        if takes("}") { return least > 0 ? (least, least) : nil }
        guard takes(",") else { return nil }
        if takes("}") { return (least, nil) }
        guard let most = number(), takes("}"), most >= least, most > 0 else { return nil }
        return (least, most)
    }

    /// Of at most two digits: more does not fit anyway. To RE2 a 0 in front makes it no number.
    private mutating func number() -> Int? {
        var value: Int?
        while let byte = next, byte &- 0x30 < 10 {
            guard value ?? 1 < 10, value != 0 else { return nil }
            value = (value ?? 0) * 10 + Int(byte - 0x30)
            index += 1
        }
        return value
    }

    /// The atom at `start`, whose first copy was read already, `least` to `most` times.
    private mutating func copies(
        of part: Fragment, from start: Int, _ least: Int, _ most: Int?, depth: Int
    ) -> Fragment? {
        // Copies without a position could be made for ever.
        guard part.first != 0 else { return nil }
        let end = index
        var whole = part
        var current = part
        if least == 0 { whole.isNullable = true }
        var number = 1
        while number < (most ?? max(1, least)) {
            index = start
            guard let copy = atom(depth: depth) else { return nil }
            current = copy
            if number >= least { current.isNullable = true }
            join(&whole, current)
            number += 1
        }
        if most == nil { follow(current.last, by: current.first) }
        index = end
        return whole
    }

    private mutating func atom(depth: Int) -> Fragment? {
        if takes("(") {
            if takes("?"), !takes(":") { return nil }
            guard let group = alternatives(depth: depth + 1), takes(")") else { return nil }
            return group
        }
        guard let symbol = symbol(), symbols.count < PositionAutomaton.positionsMax else {
            return nil
        }
        let position: UInt64 = 1 << UInt64(symbols.count)
        symbols.append(symbol)
        followers.append(0)
        return Fragment(first: position, last: position, isNullable: false)
    }

    private mutating func symbol() -> ASCIISet? {
        if takes(".") { return ASCIISet(0x0a...0x0a).inverted }
        if takes("[") { return characterClass() }
        if takes("\\") { return escape()?.set }
        guard let byte = next, Regex.isLiteral(byte) else { return nil }
        index += 1
        return ASCIISet(byte...byte)
    }

    /// What follows a backslash; `byte` where it stands for one byte alone.
    private mutating func escape() -> (set: ASCIISet, byte: UInt8?)? {
        guard let byte = next else { return nil }
        index += 1
        let digits = ASCIISet(0x30...0x39)
        let words = ASCIISet(0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a)
        let spaces = ASCIISet(0x09...0x0a, 0x0c...0x0d, 0x20...0x20)
        switch byte {
        case UInt8(ascii: "d"): return (digits, nil)
        case UInt8(ascii: "D"): return (digits.inverted, nil)
        case UInt8(ascii: "w"): return (words, nil)
        case UInt8(ascii: "W"): return (words.inverted, nil)
        case UInt8(ascii: "s"): return (spaces, nil)
        case UInt8(ascii: "S"): return (spaces.inverted, nil)
        default: break
        }
        // Marks stand for themselves; letters and digits have meanings that are RE2's affair.
        guard byte > 0x20, byte < 0x7f, !words.contains(byte) else { return nil }
        return (ASCIISet(byte...byte), byte)
    }

    /// Behind the opening bracket, to behind the closing one.
    private mutating func characterClass() -> ASCIISet? {
        let isNegated = takes("^")
        var set = ASCIISet()
        var isFirst = true
        while true {
            if !isFirst, takes("]") { return isNegated ? set.inverted : set }
            if takes("-") {
                // By itself at either end; anywhere else it is a matter of dialect.
                guard isFirst ? next != UInt8(ascii: "-") : next == UInt8(ascii: "]") else {
                    return nil
                }
                set.insert(0x2d...0x2d)
                isFirst = false
                continue
            }
            isFirst = false
            guard let (symbols, lower) = member() else { return nil }
            set.formUnion(symbols)
            guard next == UInt8(ascii: "-"), index + 1 < pattern.count,
                pattern[index + 1] != UInt8(ascii: "]")
            else { continue }
            index += 1
            guard let lower, let upper = member()?.byte, lower <= upper else { return nil }
            set.insert(lower...upper)
        }
    }

    private mutating func member() -> (set: ASCIISet, byte: UInt8?)? {
        if takes("\\") { return escape() }
        guard let byte = next, byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "["),
            byte != UInt8(ascii: "]"), byte != UInt8(ascii: "-")
        else { return nil }
        index += 1
        return (ASCIISet(byte...byte), byte)
    }
}
