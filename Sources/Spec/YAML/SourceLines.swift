// The lines of a text by number, and what the way they start says about where they were pasted
// from. Only findings look at lines, so nothing is indexed before one is asked for; then all are,
// once, for findings come by the thousand and not in order.

/// The lines of a text, found when the first is asked for. Not thread-safe: one thread uses it.
public final class SourceLines {
    private let bytes: [UInt8]
    /// Where each line starts.
    private lazy var starts: [Int] = Self.starts(in: bytes)
    /// The text may have a Secret in it somewhere.
    private(set) lazy var maySpeakOfSecrets = Self.contains(Array(Secret.kind.utf8), bytes)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Of a file as it is on the disk: UTF-8, or UTF-16 with a byte order mark.
    public convenience init(ofFile bytes: [UInt8]) {
        self.init(UTF16Text.utf8(of: bytes))
    }

    /// The line with this number, from 1, without its end; nothing where there is none.
    func line(_ number: Int) -> ArraySlice<UInt8> {
        guard number > 0, number <= starts.count else { return [] }
        let start = starts[number - 1]
        // Behind the last line feed nothing needs to stand.
        var line = bytes[start..<(number < starts.count ? starts[number] - 1 : bytes.count)]
        if line.last == 0x0D { line.removeLast() }
        if start == 0, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        return line
    }

    private static func starts(in bytes: [UInt8]) -> [Int] {
        var starts = [0]
        var next = 0
        while let end = bytes[next...].firstIndex(of: 0x0A) {
            next = end + 1
            starts.append(next)
        }
        return starts
    }

    private static func contains(_ word: [UInt8], _ bytes: [UInt8]) -> Bool {
        guard let first = word.first else { return true }
        var next = 0
        while let start = bytes[next...].firstIndex(of: first) {
            if bytes[start...].starts(with: word) { return true }
            next = start + 1
        }
        return false
    }

    /// Advice for text that was pasted with what stood before it on the screen: vim's line
    /// numbers, the shell's `> `, a diff's `+`. Nil where the lines look like none of them.
    func pastedPrefix(around number: Int) -> String? {
        var numbered = 0
        var prompted = 0
        var added = 0
        var total = 0
        let first = max(1, number - 4)
        let window = (first..<first + 9).map { line($0).prefix(80) }
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
