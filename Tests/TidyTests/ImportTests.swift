// The imports of every file, and the dependencies of every target, against the table.
import Foundation
import RegexBuilder
import Testing

@Suite("imports") struct ImportTests {
    /// An import statement; its module is the one group.
    static var statement: Regex<(Substring, Substring)> {
        let access = /(?:public|package|internal|fileprivate|private)\s+/
        let kind = /(?:struct|class|enum|protocol|func|var|let|typealias)\s+/
        return Regex {
            /^\s*/
            ZeroOrMore { /@[\w()]+\s+/ }
            Optionally { access }
            ZeroOrMore { /@[\w()]+\s+/ }
            /import\s+/
            Optionally { kind }
            Capture { /\w+/ }
        }
    }

    static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
        file.code.enumerated().compactMap { index, line in
            guard line.contains("import ") else { return nil }
            return (try? statement.firstMatch(in: line)).map { (index + 1, String($0.1)) }
        }
    }

    private let table: ImportTable

    init() throws {
        table = try #require(ImportTable.house, "docs/architecture.md has no table of imports")
    }

    @Test("every file imports only what the table allows its module")
    func files() {
        var findings: [Finding] = []
        for file in Project.sources {
            for (line, module) in Self.imports(of: file) where !table.allows(file.module, module) {
                findings.append(
                    Finding(
                        path: file.path, line: line, what: "\(file.module) imports \(module)"))
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("every module is in the table")
    func everyModule() {
        let seams = Set(table.rooms.values.joined())
        for module in Project.folders(in: "Sources") {
            let isKnown = table.rooms[module] != nil || seams.contains(module)
            #expect(isKnown || module.hasSuffix("System"), "\(module) is not in the table")
        }
    }

    @Test("no import makes a circle")
    func noCircle() {
        func reaches(_ from: String, _ target: String, _ depth: Int = 0) -> Bool {
            depth <= table.rooms.count
                && (table.rooms[from] ?? []).contains {
                    $0 != from && ($0 == target || reaches($0, target, depth + 1))
                }
        }
        for module in table.rooms.keys {
            #expect(!reaches(module, module), "\(module) can import itself")
        }
    }

    @Test("the library behind YAML is imported in one file")
    func yaml() {
        let files = Project.sources.filter { file in
            Self.imports(of: file).contains { $0.module == "Yams" || $0.module == "CYaml" }
        }
        #expect(files.count == 1, "\(files.map(\.path))")
    }

    @Test("no target depends on more than the table allows it")
    func package() throws {
        let text = try #require(Project.file("Package.swift")).text
        var read = 0
        for (module, allowed) in table.rooms {
            guard let listed = Self.dependencies(of: module, in: text) else { continue }
            read += 1
            let more = listed.subtracting(allowed)
            #expect(more.isEmpty, "\(module) may not depend on \(more.sorted())")
        }
        #expect(read >= 10, "the targets of Package.swift were not understood")
    }

    /// The project's own modules among a target's dependencies; nil when there is no such target.
    static func dependencies(of target: String, in text: String) -> Set<String>? {
        let kinds = [".target(", ".executableTarget("]
        let start = /\n\s*(?=\.(?:target|executableTarget|testTarget|systemLibrary)\()/
        for piece in text.split(separator: start) where kinds.contains(where: piece.hasPrefix) {
            let name = piece.firstMatch(of: /name:\s*"(\w+)"/)
            guard let name, name.1 == target else { continue }
            let list = piece.firstMatch(of: /dependencies:\s*\[((?:[^\[\]])*)\]/)
            guard let list else { return [] }
            let own = list.1.replacing(/\.product\([^)]*\)/, with: "")
            return Set(own.matches(of: /"(\w+)"/).map { String($0.1) })
        }
        return nil
    }
}
