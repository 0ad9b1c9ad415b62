// Reads the documents of a file and gets past a broken one to the next.
// A broken document applies nothing of itself, but a typing error in the third of five documents
// should not hide what is wrong with the fifth.

enum YAMLStream {
    /// Hands every whole document to `document` and every problem to `problem`, in the order of
    /// the text as far as a single broken document allows.
    static func read(
        _ bytes: [UInt8], document: @escaping (borrowing YAMLTree) -> Void,
        problem: (YAMLProblem) -> Void, restart: () -> Void
    ) {
        var builder = YAMLTreeBuilder(consume: document)
        do throws(YAMLProblem) {
            try parseYAMLEvents(of: bytes[...], into: &builder)
        } catch {
            // Something is broken. The parser looks ahead, so it cannot be trusted to say in which
            // document: start again, one document at a time.
            let pieces = split(bytes)
            guard pieces.count > 1 else { return problem(error) }
            restart()
            for piece in pieces {
                var builder = YAMLTreeBuilder(consume: document)
                do throws(YAMLProblem) {
                    try parseYAMLEvents(
                        of: bytes[piece.range], firstLine: piece.line, into: &builder)
                } catch {
                    problem(error)
                }
            }
        }
    }

    private struct Piece {
        var range: Range<Int>
        /// Number of its first line, from 1.
        var line: UInt32
    }

    /// Cuts at every line that starts with `---`: that is a document's start wherever it stands,
    /// even inside quotes or a block (YAML 1.2, 6.7 and 9.1.2).
    private static func split(_ bytes: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var start = 0
        var startLine: UInt32 = 1
        var line: UInt32 = 1
        var lineStart = 0
        var onlyDirectives = true
        func isMarker(at index: Int) -> Bool {
            guard bytes.count - index >= 3, bytes[index..<index + 3].elementsEqual("---".utf8)
            else { return false }
            guard index + 3 < bytes.count else { return true }
            return [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index + 3])
        }
        while lineStart < bytes.count {
            if isMarker(at: lineStart) {
                if lineStart > start, !onlyDirectives {
                    pieces.append(Piece(range: start..<lineStart, line: startLine))
                    start = lineStart
                    startLine = line
                }
                onlyDirectives = false
            } else if ![UInt8(ascii: "%"), UInt8(ascii: "#"), 0x0A, 0x0D].contains(bytes[lineStart])
            {
                onlyDirectives = false
            }
            while lineStart < bytes.count, bytes[lineStart] != 0x0A { lineStart += 1 }
            lineStart += 1
            line += 1
        }
        pieces.append(Piece(range: start..<bytes.count, line: startLine))
        return pieces
    }
}
