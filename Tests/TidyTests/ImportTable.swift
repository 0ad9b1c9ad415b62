// Who may import whom, read from the table in docs/architecture.md: one table, for people and for
// this. Proxy is kept from Spec so that the request path cannot reach back into YAML, and HTTP from
// TLS so that codec tests need no keys; no compiler checks that.

struct ImportTable: Sendable {
    /// Module -> modules and C seams it may import.
    let rooms: [String: Set<String>]

    /// nil when the document or its table is missing.
    static let house = Project.file("docs/architecture.md").flatMap(ImportTable.init(document:))

    /// Modules of the system and of packages, and the rooms that may import them. What is neither
    /// here nor in the table may be imported nowhere; Foundation costs memory and start-up time.
    static let outside: [String: Set<String>] = [
        "ArgumentParser": ["isthmus"],
        "Glibc": ["Net", "PKI", "Authority", "Store", "Control", "isthmus"],
        "Synchronization": [
            "Mesh", "Net", "Store", "TLS", "Proxy", "Control", "Bookinfo", "isthmus",
        ],
    ]

    /// Takes the rows of the table whose head is `| layer | module | may import |`.
    init?(document: SourceFile) {
        var rows: [(module: String, allowed: String)] = []
        var isInside = false
        for line in document.lines {
            let cells = line.split(separator: "|").map { cell in
                String(cell.drop { $0 == " " || $0 == "`" }.prefix { $0 != "`" })
            }
            if cells.count == 3, cells[1].hasPrefix("module"), cells[2].hasPrefix("may import") {
                isInside = true
            } else if isInside, cells.count != 3 {
                break
            } else if isInside, let module = Self.words(cells[1]).first {
                rows.append((module, cells[2]))
            }
        }
        guard !rows.isEmpty else { return nil }
        let all = Set(rows.map(\.module))
        rooms = Dictionary(
            rows.map { module, allowed in
                let words = Set(Self.words(allowed))
                return (module, words == ["all"] ? all : words.subtracting(["nothing"]))
            }, uniquingKeysWith: { $0.union($1) })
    }

    func allows(_ importer: String, _ imported: String) -> Bool {
        if rooms[importer]?.contains(imported) == true { return true }
        return Self.outside[imported]?.contains(importer) == true
    }

    static func words(_ cell: String) -> [String] {
        cell.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
