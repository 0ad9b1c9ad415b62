// The lines of a text by number, and what the way they start says about where they were pasted from.
// Only findings look at lines, so nothing is indexed before one is asked for.

/// The lines of a text, found as they are asked for.
struct SourceLines {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The line with this number, from 1, without its end; nothing where there is none.
    func line(_ number: Int) -> ArraySlice<UInt8> {
        guard number > 0 else { return [] }
        var start = 0
        for _ in 1..<number {
            guard let end = bytes[start...].firstIndex(of: 0x0A) else { return [] }
            start = end + 1
        }
        var line = bytes[start...].prefix { $0 != 0x0A }
        if line.last == 0x0D { line.removeLast() }
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        return line
    }

    /// Advice for text that was pasted with what stood before it on the screen: vim's line
    /// numbers, the shell's `> `, a diff's `+`. Nil where the lines look like none of them.
    func pastedPrefix(around number: Int) -> String? {
        var numbered = 0
        var prompted = 0
        var added = 0
        var total = 0
        for index in max(1, number - 4)...(number + 4) {
            let line = line(index)
            guard line.contains(where: { $0 != 0x20 }) else { continue }
            total += 1
            let rest = line.drop { $0 == 0x20 }
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            if !digits.isEmpty, [0x20, 0x09].contains(rest.dropFirst(digits.count).first ?? 0x20) {
                numbered += 1
            }
            if line.first == UInt8(ascii: ">"), line.dropFirst().first ?? 0x20 == 0x20 {
                prompted += 1
            }
            if line.first == UInt8(ascii: "+") { added += 1 }
        }
        if numbered >= 2, numbered * 2 > total {
            return "the lines start with numbers, as an editor shows them; cut the numbers off"
        }
        if prompted >= 2, prompted * 2 > total {
            return "the lines start with `> `, as a shell shows them; cut that off"
        }
        let own = line(number)
        if own.first == UInt8(ascii: "+") || (added > 0 && added < total) {
            return "a line starts with `+`, as in a diff; cut that off"
        }
        return nil
    }
}
