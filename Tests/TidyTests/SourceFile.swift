// One file as its tidiness is judged: as text, as lines, and as code without comments and strings.
// The rules speak of code; a comment that explains `try!` must not break the rule against it.
import Foundation

struct SourceFile: Sendable {
    /// From the root of the project.
    let path: String
    let text: String
    let lines: [Substring]

    init?(path: String, at url: URL) {
        guard let data = try? Data(contentsOf: url),
            let text = String(data: data, encoding: .utf8)
        else { return nil }
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = path.hasSuffix(".swift") ? Self.blanked(lines) : []
    }

    /// The module a file under `Sources` belongs to.
    var module: String { String(path.split(separator: "/").dropFirst().first ?? "") }
    var name: String { String(path.split(separator: "/").last ?? "") }

    /// Lines of text; the empty one after the last line feed is none.
    var lineCount: Int { lines.last?.isEmpty == true ? lines.count - 1 : lines.count }

    /// The lines with comments and the insides of string literals blanked, so that places stay.
    /// Interpolations are blanked with their string: rules look at statements.
    let code: [String]

    private static func blanked(_ lines: [Substring]) -> [String] {
        var state = State()
        return lines.map { state.blank(Array($0.utf8)) }
    }

    private struct State {
        var comment = 0
        var isInMultiline = false

        mutating func blank(_ line: [UInt8]) -> String {
            var out: [UInt8] = []
            var index = 0
            var isInString = false
            func sees(_ text: StaticString) -> Bool {
                line[index...].starts(with: text.description.utf8)
            }
            while index < line.count {
                if comment > 0 {
                    let ends = sees("*/")
                    let begins = sees("/*")
                    comment += begins ? 1 : ends ? -1 : 0
                    index += begins || ends ? 2 : 1
                } else if isInMultiline {
                    isInMultiline = !sees("\"\"\"")
                    index += isInMultiline ? 1 : 3
                } else if isInString {
                    isInString = line[index] != UInt8(ascii: "\"")
                    index += line[index] == UInt8(ascii: "\\") ? 2 : 1
                } else if sees("//") {
                    break
                } else if sees("/*") {
                    comment += 1
                    index += 2
                } else if sees("\"\"\"") {
                    isInMultiline = true
                    index += 3
                } else {
                    isInString = line[index] == UInt8(ascii: "\"")
                    out.append(line[index])
                    index += 1
                }
            }
            return String(decoding: out, as: UTF8.self)
        }
    }
}
