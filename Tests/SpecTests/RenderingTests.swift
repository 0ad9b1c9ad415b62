// Findings as people see them: the line, and the caret under the right letter.
import Foundation
import Spec
import Testing

@Suite("rendering")
struct RenderingTests {
    private func finding(line: Int, column: Int) -> Diagnostic {
        Diagnostic(
            severity: .error, location: SourceLocation(file: "a.yaml", line: line, column: column),
            object: ObjectKey(kind: "VirtualService", namespace: "default", name: "x"),
            fieldPath: "spec.http[0]", message: "what", advice: "what to do")
    }

    @Test("a finding is its place, what is wrong and what to do, then the line and a caret")
    func golden() {
        let source = Array("a: 1\nspec:\n  http: x\n".utf8)
        #expect(
            finding(line: 3, column: 9).rendered(source: source, color: false) == """
                a.yaml:3:9: error: what (VirtualService default/x, spec.http[0]); what to do
                 3 |   http: x
                   |         ^
                """)
    }

    @Test("without a source there is one line")
    func withoutSource() {
        #expect(
            finding(line: 3, column: 9).rendered(source: nil, color: false)
                == "a.yaml:3:9: error: what (VirtualService default/x, spec.http[0]); what to do")
    }

    @Test("the caret stands under the letter behind tabs and wide characters")
    func wide() throws {
        let source = Array("k:\t# 匹配规则 x\n".utf8)
        let text = finding(line: 1, column: 11).rendered(source: source, color: false)
        let lines = text.split(separator: "\n")
        // `k:` 2, tab 4, `# ` 2, four wide characters 8, a blank 1.
        #expect(lines[1] == " 1 | k:    # 匹配规则 x")
        #expect(lines[2] == "   | " + String(repeating: " ", count: 17) + "^")
    }

    @Test("a place behind the end of the line has its caret there")
    func behindEnd() {
        let text = finding(line: 1, column: 9).rendered(source: Array("ab\r\n".utf8), color: false)
        #expect(text.hasSuffix("\n   |   ^"))
    }

    @Test("a line that is not there is shown empty")
    func missingLine() {
        let text = finding(line: 7, column: 1).rendered(source: Array("a\n".utf8), color: false)
        #expect(text.hasSuffix("\n 7 | \n   | ^"))
    }

    @Test("one text has the line of each of many findings, in whatever order they come")
    func manyFindings() {
        let lines = (1...2_000).map { "line: \($0)" }
        let source = SourceLines(ofFile: Array(lines.joined(separator: "\r\n").utf8))
        // 7 has no factor in common with 2,000, so each line has its turn.
        for number in (0..<2_000).map({ $0 * 7 % 2_000 + 1 }) {
            let shown = finding(line: number, column: 7).rendered(source: source, color: false)
            #expect(shown.contains("\n \(number) | line: \(number)\n"))
        }
        #expect(
            finding(line: 2_001, column: 1).rendered(source: source, color: false)
                .hasSuffix("\n 2001 | \n      | ^"))
    }

    @Test("a line of a UTF-16 file is shown as text")
    func utf16() {
        let text = "\u{FEFF}a: 1\nb: 2\n"
        let source = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        #expect(
            finding(line: 2, column: 4).rendered(source: source, color: false)
                .hasSuffix("\n 2 | b: 2\n   |    ^"))
    }

    @Test("a long line is cut around the place")
    func longLine() throws {
        let source = Array((String(repeating: "x", count: 5_000) + "HERE").utf8)
        let text = finding(line: 1, column: 5_001).rendered(source: source, color: false)
        let lines = text.split(separator: "\n")
        #expect(lines[1].count < 180)
        let caret = try #require(lines[2].firstIndex(of: "^"))
        let offset = lines[2].distance(from: lines[2].startIndex, to: caret)
        #expect(lines[1].dropFirst(offset).hasPrefix("HERE"))
    }

    @Test("the caret is there in a long line of wide characters and tabs", arguments: ["配", "\t"])
    func longWideLine(character: String) throws {
        let source = Array((String(repeating: character, count: 300) + "HERE").utf8)
        let text = finding(line: 1, column: 301).rendered(source: source, color: false)
        #expect(text.hasSuffix("^"))
        #expect(text.contains("HERE"))
    }

    @Test("a file that is one endless line is shown as fast as a short one")
    func endlessLine() {
        let source = Array(String(repeating: "{\"a\": 1}, ", count: 50_000).utf8)
        let clock = ContinuousClock()
        let time = clock.measure {
            for column in [1, 90, 499_999] {
                let text = finding(line: 1, column: column).rendered(source: source, color: false)
                #expect(text.utf8.count < 700)
            }
        }
        #expect(time < .seconds(20))
    }

    @Test("a file cannot send escapes to the terminal")
    func escapes() {
        let finding = Diagnostic(
            severity: .warning, location: SourceLocation(file: "a", line: 1, column: 1),
            message: "no \u{1B}[2J\u{202E}")
        let text = finding.rendered(source: Array("\u{1B}]0;x\u{7}\n".utf8), color: false)
        #expect(
            !text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{7}" || $0 == "\u{202E}" })
    }

    @Test("colour is for terminals alone")
    func color() {
        let source = Array("a\n".utf8)
        #expect(
            finding(line: 1, column: 1).rendered(source: source, color: true).contains("\u{1B}[31m")
        )
        #expect(
            !finding(line: 1, column: 1).rendered(source: source, color: false).contains("\u{1B}"))
    }

    @Test("what a finding names is what the reader said")
    func endToEnd() {
        let text = object(
            "VirtualService", "hosts: [a]\nhttp:\n- rout:\n  - destination: {host: a}")
        let finding = parse(text).diagnostics[0]
        #expect(
            finding.rendered(source: Array(text.utf8), color: false) == """
                test.yaml:8:5: warning: HTTPRoute has no field `rout`; it is ignored \
                (VirtualService default/x, spec.http[0].rout); did you mean `route`?
                 8 |   - rout:
                   |     ^
                """)
    }
}
