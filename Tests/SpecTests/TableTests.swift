// The tables of fields against the decoder and the page of features: three views of one truth.
import Foundation
import Testing

@testable import Spec

@Suite("field tables")
struct TableTests {
    /// A value of the type that a decoder takes, one level of list or map around it.
    private func sample(_ type: FieldType, depth: Int = 0) -> String {
        switch type {
        case .string: "text"
        case .bool: "true"
        case .bytes: "aGk="
        case .integer, .integerOrString: "7"
        case .double: "1.5"
        case .duration: "1s"
        case .choice(let names): "\"\(names[0])\""
        case .list(let element): "[\(sample(element, depth: depth))]"
        case .map(let element): "{key: \(sample(element, depth: depth))}"
        case .message(let table): full(table, depth: depth + 1)
        }
    }

    private func full(_ table: MessageTable, depth: Int = 0) -> String {
        let fields = table.fields.map { "\($0.name): \(sample($0.type, depth: depth))" }
        return "{\(fields.joined(separator: ", "))}"
    }

    @Test(
        "the decoder knows every field of the table, and passes none over as unknown",
        arguments: FeatureTable.kinds.map(\.kind))
    func decoderKnowsTable(kind: String) throws {
        let table = try #require(MessageTable.objects[kind])
        var body = full(table)
        let row = try #require(KindTable.rows.first { $0.kind == kind && $0.apiVersion != "" })
        body = body.replacing("apiVersion: text", with: "apiVersion: \(row.apiVersion)")
            .replacing("kind: text", with: "kind: \(kind)")
        if table.field(named: "spec") == nil,
            let entry = FeatureTable.kinds.first(where: { $0.kind == kind })
        {
            body = "{" + full(entry.table).dropFirst().dropLast() + ", " + body.dropFirst()
        }
        let parsed = ParsedFile(reading: Array(body.utf8), file: "full")
        let faults = parsed.diagnostics.filter {
            $0.message.contains("has no decoder") || $0.message.contains("has no field")
        }
        #expect(faults.isEmpty, "\(faults)")
        // What a sample value breaks is said; that it was read at all shows in what is said.
        #expect(
            parsed.diagnostics.allSatisfy { !$0.message.contains("is needed, not") },
            "\(parsed.complaints)")
    }

    @Test("every name that a decoder has a case for is in a table")
    func tableKnowsDecoder() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Spec/Read")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("FieldReader+") }
        var known: Set<String> = ["apiVersion", "kind", "metadata", "spec", "status"]
        for entry in FeatureTable.rows {
            known.formUnion(entry.path.split(separator: ".").map { $0.filter(\.isFieldLetter) })
        }
        known.formUnion(MessageTable.metadata.fields.map(\.name))
        var seen = 0
        for file in files {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            for match in text.matches(of: /case "([A-Za-z0-9]+)"/) {
                seen += 1
                #expect(known.contains(String(match.1)), "\(file): \(match.1)")
            }
        }
        #expect(seen > 250)
    }

    @Test("no name is in a table twice")
    func uniqueNames() {
        for table in MessageTable.objects.values {
            #expect(Set(table.fields.map(\.name)).count == table.fields.count)
        }
        #expect(
            Set(FeatureTable.rows.map { "\($0.kind) \($0.path)" }).count == FeatureTable.rows.count)
    }

    @Test("docs/features.md is what the tables say")
    func featuresPage() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/features.md")
        if ProcessInfo.processInfo.environment["ISTHMUS_REGENERATE"] != nil {
            try FeatureTable.markdown().write(to: file, atomically: true, encoding: .utf8)
        }
        let page = try String(contentsOf: file, encoding: .utf8)
        #expect(
            page == FeatureTable.markdown(),
            "run the tests with ISTHMUS_REGENERATE=1 to write the page again")
    }

    @Test("every row says what the field does, in one line that ends")
    func docs() {
        for row in FeatureTable.rows {
            #expect(row.doc.hasSuffix("."), "\(row.path)")
            #expect(!row.doc.contains("\n") && !row.doc.contains("|"), "\(row.path)")
        }
    }
}

extension Character {
    fileprivate var isFieldLetter: Bool { isLetter || isNumber }
}
