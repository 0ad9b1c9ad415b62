// The lines of a text by number, and what the way they start says about where they were pasted
// from. Only findings look at lines, so nothing is indexed before one is asked for; they come in
// order, so the place of the last one is where the search for the next begins.

/// The lines of a text, found as they are asked for.
final class SourceLines {
    private let bytes: [UInt8]
    /// A line whose start is known.
    private var known = (number: 1, start: 0)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The line with this number, from 1, without its end; nothing where there is none.
    func line(_ number: Int) -> ArraySlice<UInt8> { lines(from: number, count: 1).first ?? [] }

    /// Up to `count` lines from this number on.
    private func lines(from number: Int, count: Int) -> [ArraySlice<UInt8>] {
        guard number > 0 else { return [] }
        if number < known.number { known = (1, 0) }
        while known.number < number {
            guard let end = bytes[known.start...].firstIndex(of: 0x0A) else { return [] }
            known = (known.number + 1, end + 1)
        }
        var lines: [ArraySlice<UInt8>] = []
        var start = known.start
        while lines.count < count, start <= bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            var line = bytes[start..<end]
            if line.last == 0x0D { line.removeLast() }
            if start == 0, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
            lines.append(line)
            start = end + 1
        }
        return lines
    }

    /// Advice for text that was pasted with what stood before it on the screen: vim's line
    /// numbers, the shell's `> `, a diff's `+`. Nil where the lines look like none of them.
    func pastedPrefix(around number: Int) -> String? {
        var numbered = 0
        var prompted = 0
        var added = 0
        var total = 0
        let first = max(1, number - 4)
        let window = lines(from: first, count: 9).map { $0.prefix(80) }
        for line in window where line.contains(where: { $0 != 0x20 }) {
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
        // All of them would be a list of something; some of them are a diff.
        if added > 0, added < total || total == 1 {
            return "a line starts with `+`, as in a diff; cut that off"
        }
        return nil
    }
}
