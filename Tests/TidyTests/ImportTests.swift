// The imports of every file against the table, and the table against what else says the same.
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
            (try? statement.firstMatch(in: line)).map { (index + 1, String($0.1)) }
        }
    }

    @Test("every file imports only what the table allows its module")
    func table() {
        var findings: [Finding] = []
        for file in Project.sources {
            for (line, module) in Self.imports(of: file)
            where !ImportTable.allows(file.module, module) {
                findings.append(
                    Finding(
                        path: file.path, line: line, what: "\(file.module) imports \(module)"))
            }
        }
        #expect(findings.isEmpty, "\(findings.list)")
    }

    @Test("every module is in the table")
    func everyModule() {
        for module in Project.folders(in: "Sources") where !module.hasPrefix("C") {
            #expect(ImportTable.rooms[module] != nil, "\(module) is not in the table")
        }
        #expect(ImportTable.rooms["Control"] != nil)
    }

    @Test("no import makes a circle")
    func noCircle() {
        func reaches(_ from: String, _ target: String) -> Bool {
            (ImportTable.rooms[from] ?? []).contains { $0 == target || reaches($0, target) }
        }
        for module in ImportTable.rooms.keys {
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

    @Test("Package.swift lists the dependencies of the table")
    func package() throws {
        let text = try #require(Project.file("Package.swift")).text
        for (module, allowed) in ImportTable.rooms {
            let listed = try #require(
                Self.dependencies(of: module, in: text), "no target \(module)")
            #expect(listed == allowed, "\(module): Package.swift and the table differ")
        }
    }

    /// The project's own modules among a target's dependencies.
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

    @Test("the table in docs/architecture.md says the same")
    func document() throws {
        let text = try #require(
            Project.file("docs/architecture.md"), "docs/architecture.md is missing"
        ).text
        var rows = 0
        for line in text.split(separator: "\n") where line.hasPrefix("|") {
            let cells = line.split(separator: "|").map {
                $0.replacing("`", with: "").trimmingCharacters(in: .whitespaces)
            }
            let importer = cells.firstIndex { !Self.modules($0).isDisjoint(with: Self.known) }
            guard let at = importer, at + 1 < cells.count else { continue }
            let told = Self.modules(cells[at + 1])
            for module in Self.modules(cells[at]) {
                guard let allowed = ImportTable.rooms[module] else { continue }
                rows += 1
                if cells[at + 1].lowercased().hasPrefix("all") { continue }
                #expect(told == allowed, "\(module) in docs/architecture.md: \(cells[at + 1])")
            }
        }
        #expect(rows >= ImportTable.rooms.count, "the document has no table of all modules")
    }

    static let known = Set(ImportTable.rooms.keys)
    static let seams: Set<String> = ["CRE2", "CLinux", "CNGHTTP2"]

    /// Words of a cell that are spelt like modules.
    static func modules(_ cell: String) -> Set<String> {
        let words = cell.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        return Set(words).intersection(known.union(seams))
    }
}
