// The house rules that a machine can check, over every Swift file.
// A rule nobody checks is a rule until the first hurry.
import Foundation
import Testing

@Suite("style") struct StyleTests {
    @Test("no line is longer than 100 columns")
    func columns() {
        var findings: [Finding] = []
        for file in Project.swift + Project.python {
            for (index, line) in file.lines.enumerated()
            where line.count > 100 && !Self.isTestData(line, at: index, of: file) {
                findings.append(
                    Finding(path: file.path, line: index + 1, what: "\(line.count) columns"))
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    /// A message or a document that a test feeds in reads best in one piece.
    private static func isTestData(_ line: Substring, at index: Int, of file: SourceFile) -> Bool {
        guard file.path.hasPrefix("Tests/"), file.path.hasSuffix(".swift") else { return false }
        let isInsideLiteral = file.code[index].allSatisfy(\.isWhitespace)
        let isComment = line.contains(/^\s*\/\//)
        return isInsideLiteral && !isComment || line.contains(/^\s*(?:[+=]+ )?#?"/)
    }

    @Test("no line ends in a blank, and every file ends in one line feed")
    func blanks() {
        var findings: [Finding] = []
        for file in Project.swift {
            for (index, line) in file.lines.enumerated() where line.last?.isWhitespace == true {
                findings.append(
                    Finding(path: file.path, line: index + 1, what: "a blank at the end"))
            }
            if !file.text.hasSuffix("\n") || file.text.hasSuffix("\n\n") {
                findings.append(
                    Finding(path: file.path, line: 0, what: "not one line feed at the end"))
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("every file opens by saying what it is")
    func opening() {
        var findings: [Finding] = []
        for file in Project.swift where file.path != "Package.swift" {
            let words = file.lines.prefix { $0.hasPrefix("//") }.joined(separator: " ")
                .split { !$0.isLetter }
            if words.count < 6 {
                findings.append(Finding(path: file.path, line: 1, what: "does not say what it is"))
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("no type is called Manager, Helper, Util, Base or Impl")
    func names() {
        let declaration = /\b(?:class|struct|enum|protocol|actor|typealias)\s+(\w+)/
        let vague = /(?:Manager|Helper|Helpers|Util|Utils|Utility|Base|Impl|Implementation)$/
        var findings: [Finding] = []
        for file in Project.swift {
            findings += file.findings("a name that says nothing") { line in
                line.matches(of: declaration).contains { $0.1.contains(vague) }
            }
            if file.name.dropLast(".swift".count).contains(vague) {
                findings.append(
                    Finding(path: file.path, line: 0, what: "a file name that says nothing"))
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("nothing that input can reach ends the process")
    func traps() {
        let traps: [(String, Regex<Substring>)] = [
            ("try!", /\btry!/), ("as!", /\bas!/), ("fatalError", /\bfatalError\s*\(/),
            ("an unwrapped optional by force", /[\w)\]]!(?![=\w])/),
            ("an optional that unwraps itself", /:\s*[\w.<>\[\]]+!(?:\s|$)/),
        ]
        var findings: [Finding] = []
        for file in Project.sources {
            for (what, pattern) in traps {
                findings += file.findings(what) { $0.contains(pattern) }
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("unsafe appears only where bytes and C are")
    func unsafe() {
        var findings: [Finding] = []
        for file in Project.sources where !Self.isSeam(file) {
            findings += file.findings("unsafe outside of the seams") {
                $0.contains(/\bunsafe\b/) || $0.contains(/\b@unsafe\b/)
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    /// Net, HTTP's scanners, and files that talk to C.
    static func isSeam(_ file: SourceFile) -> Bool {
        if file.module == "Net" { return true }
        if file.module == "HTTP", file.name.contains("Scanner") { return true }
        return ImportTests.imports(of: file).contains {
            $0.module == "Glibc" || $0.module.contains(/^C[A-Z]/)
        }
    }

    /// Files whose one subject is a value that the compiler cannot see is owned by one thread.
    private static let handovers: Set<String> = ["LoopOwned.swift", "Seat.swift"]

    @Test("nobody turns safety checks off for a whole type")
    func unchecked() {
        var findings: [Finding] = []
        for file in Project.sources
        where !Self.isSeam(file) && !Self.handovers.contains(file.name) {
            findings += file.findings("@unchecked Sendable") { $0.contains("@unchecked Sendable") }
            findings += file.findings("unowned(unsafe)") { $0.contains("unowned(unsafe)") }
            findings += file.findings("nonisolated(unsafe)") { $0.contains("nonisolated(unsafe)") }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("no note to self is left behind")
    func leftovers() {
        let notes = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        var findings: [Finding] = []
        for file in Project.readable where file.path != "LICENSE" {
            for (index, line) in file.lines.enumerated() {
                for note in notes where line.contains(note) {
                    let words = line.split { !$0.isLetter && !$0.isNumber }
                    if words.contains(Substring(note)) {
                        findings.append(Finding(path: file.path, line: index + 1, what: note))
                    }
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("only commands print")
    func printing() {
        var findings: [Finding] = []
        for file in Project.sources where file.module != "isthmus" {
            findings += file.findings("prints") {
                $0.contains(/(?:^|[^.\w])(?:print|debugPrint|dump|NSLog)\s*\(/)
                    && !$0.contains(/\bfunc\s+(?:print|dump)\b/)
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }
}
