// The reader of code, read: a rule is only as good as what it looks at.
import Foundation
import Testing

@Suite("the reader of code") struct ReaderTests {
    private func code(_ text: String) throws -> [String] {
        let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(text.utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try #require(SourceFile(path: "x.swift", at: url)).code
    }

    @Test("comments are no code")
    func comments() throws {
        #expect(try code("a // try! b\nc /* d\ne */ f") == ["a ", "c ", " f"])
    }

    @Test("the insides of strings are no code")
    func strings() throws {
        #expect(try code(#"let a = "// try! \" b" + c"#) == [#"let a = " + c"#])
        #expect(try code("a = \"\"\"\ntry!\n\"\"\" + b") == ["a = ", "", " + b"])
    }

    @Test("code is code")
    func plain() throws {
        #expect(try code("try! a()\nlet url = a / b") == ["try! a()", "let url = a / b"])
    }

    @Test("the targets of a package are read")
    func targets() {
        let text = """
            targets: [
                .target(name: "A", dependencies: ["B", .product(name: "X", package: "x")]),
                .target(
                    name: "B", swiftSettings: house),
                .testTarget(name: "A", dependencies: ["Z"]),
            ]
            """
        #expect(ImportTests.dependencies(of: "A", in: text) == ["B"])
        #expect(ImportTests.dependencies(of: "B", in: text) == [])
        #expect(ImportTests.dependencies(of: "C", in: text) == nil)
    }

    @Test("an import is seen whatever stands before it")
    func imports() throws {
        for line in [
            "import A", "public import A", "@testable import A", "internal import struct A.B",
        ] {
            let match = try ImportTests.statement.firstMatch(in: line)
            #expect(match.map { String($0.1) } == "A", "\(line)")
        }
    }

    @Test("the table of imports is read from the document")
    func table() throws {
        let text = """
            | thread | serves |
            |---|---|
            | layer | module | may import |
            |---|---|---|
            | tool | `isthmus` | all |
            | work | A | B CLib |
            | base | B | nothing |

            | other | A | Z |
            """
        let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(text.utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        let file = try #require(SourceFile(path: "x.md", at: url))
        let table = try #require(ImportTable(document: file))
        #expect(table.rooms == ["isthmus": ["isthmus", "A", "B"], "A": ["B", "CLib"], "B": []])
        #expect(table.allows("A", "B") && !table.allows("B", "A"))
        #expect(!table.allows("A", "Foundation"))
    }
}
