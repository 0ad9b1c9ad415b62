// Reads values out of a YAML tree by a message's table, and reports what does not fit.
// One reader serves a whole file: findings pile up instead of ending at the first, and no path or
// location is worked out before a finding needs it.

/// The state of reading one file. Used by one thread.
final class FieldReader {
    let file: String
    let defaultNamespace: String
    /// The document under the cursor.
    var tree = YAMLTree()
    /// The object under the cursor, for findings; its name may not be known yet.
    var object: ObjectKey?
    /// Where the object starts in the document: the root, or an item of a List.
    var objectRoot: NodeID = 0
    /// Errors of the object under the cursor.
    var objectErrorCount = 0
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var suppressedCount = 0
    private(set) var suppressedErrorCount = 0
    private(set) var idleFields = IdleFields()
    let strings: SharedStrings

    /// The tables of the messages around the cursor, outermost first.
    private var tables: [MessageTable] = []
    /// Nodes before this one lie within a field that is already known to be idle.
    private var idleUntil: NodeID = 0

    init(file: String, defaultNamespace: String, strings: SharedStrings) {
        self.file = file
        self.defaultNamespace = defaultNamespace
        self.strings = strings
    }

    /// Forgets the findings of the file, for a second, more careful pass.
    func restart() {
        diagnostics = []
        suppressedCount = 0
        suppressedErrorCount = 0
        idleFields = IdleFields()
    }

    /// Moves to an object of a document.
    func start(_ tree: borrowing YAMLTree, at root: NodeID) {
        self.tree = copy tree
        objectRoot = root
        object = nil
        objectErrorCount = 0
        tables.removeAll(keepingCapacity: true)
        idleUntil = 0
    }

    // MARK: - Findings

    /// Works a finding out only where there is room for it: paths and advice take time, and a file
    /// that went wrong can have a million findings.
    func report(_ severity: Diagnostic.Severity, _ diagnostic: () -> Diagnostic) {
        if severity == .error { objectErrorCount += 1 }
        guard diagnostics.count < SpecLimits.diagnosticsPerFileMax else {
            suppressedCount += 1
            if severity == .error { suppressedErrorCount += 1 }
            return
        }
        diagnostics.append(diagnostic())
    }

    func report(_ diagnostic: Diagnostic) { report(diagnostic.severity) { diagnostic } }

    func report(
        _ severity: Diagnostic.Severity, at node: NodeID, _ message: String,
        _ advice: @autoclosure () -> String = ""
    ) {
        report(severity) {
            Diagnostic(
                severity: severity,
                location: SourceLocation(file: file, position: tree.position(node)),
                object: object, fieldPath: path(to: node), message: message, advice: advice())
        }
    }

    func error(
        at node: NodeID, _ message: String, _ advice: @autoclosure () -> String = ""
    ) {
        report(.error, at: node, message, advice())
    }

    /// All findings in the order of the text, and a last one for those that were too many.
    func finished() -> [Diagnostic] {
        var sorted = diagnostics.enumerated().sorted { left, right in
            let places = (left.element.location?.position, right.element.location?.position)
            guard let first = places.0, let second = places.1, first != second else {
                return left.offset < right.offset
            }
            return first < second
        }.map(\.element)
        if suppressedCount > 0 {
            sorted.append(
                Diagnostic(
                    severity: suppressedErrorCount > 0 ? .error : .warning,
                    location: SourceLocation(file: file),
                    message: "\(suppressedCount) more findings, of which "
                        + "\(suppressedErrorCount) are errors",
                    advice: "fix the first ones and look again"))
        }
        return sorted
    }

    // MARK: - Messages

    /// Puts a table around the ones to come, for advice alone.
    func enter(_ table: MessageTable) { tables.append(table) }

    /// Goes through the fields of a message.
    struct Fields {
        fileprivate var child: NodeID
        fileprivate let end: NodeID
        /// Set where the mapping has `<<` keys: the pairs that hold after merging.
        fileprivate var merged: ArraySlice<(NodeID, NodeID)>?
        let table: MessageTable
    }

    /// Starts on the fields of the message at `node`. Go on with `next` to the end.
    func open(_ node: NodeID, _ table: MessageTable) -> Fields {
        tables.append(table)
        guard tree.kind(node) == .mapping else {
            error(
                at: node, "\(table.name) is a mapping, not \(describe(node))",
                shapeAdvice(for: node, table))
            return Fields(child: 0, end: 0, table: table)
        }
        var fields = Fields(
            child: tree.firstChild(node), end: tree.end(node), table: table)
        if tree.hasMergeKeys, tree.value(of: "<<", in: node) != nil {
            fields.merged = mergedPairs(of: node)[...]
        }
        return fields
    }

    /// The next field that the table knows and that is not null; others are reported on the way.
    func next(_ fields: inout Fields) -> (name: String, value: NodeID)? {
        while let (key, value) = nextPair(&fields) {
            guard let row = fields.table.index(of: tree.bytes(key)) else {
                if let alias = alias(of: key, in: fields.table) { return (alias, value) }
                if !fields.table.isOpen { reportUnknown(key, in: fields.table) }
                continue
            }
            if tree.isNull(value) { continue }
            let field = fields.table.fields[row]
            if field.status == .decodesOnly { noteIdle(field, key: key, value: value) }
            return (field.name, value)
        }
        tables.removeLast()
        return nil
    }

    /// A field that the table has and the decoder does not: a fault of this program.
    func unread(_ name: String, _ fields: Fields) {
        report(
            Diagnostic(
                severity: .error, location: nil, object: object,
                message: "\(fields.table.name).\(name) is in the table and has no decoder",
                advice: "this is a fault of Isthmus; please report it"))
    }

    private func nextPair(_ fields: inout Fields) -> (NodeID, NodeID)? {
        if fields.merged != nil { return fields.merged?.popFirst() }
        guard fields.child < fields.end else { return nil }
        let key = fields.child
        let value = tree.next(key)
        fields.child = tree.next(value)
        return (key, value)
    }

    /// YAML 1.1 merge keys: what the mapping says itself wins, then the first merged mapping.
    func mergedPairs(of mapping: NodeID) -> [(NodeID, NodeID)] {
        var pairs: [(NodeID, NodeID)] = []
        var seen: Set<String> = []
        var waiting: [NodeID] = [mapping]
        while let current = waiting.popLast() {
            var merges: [NodeID] = []
            var key = tree.firstChild(current)
            let end = tree.end(current)
            while key < end {
                let value = tree.next(key)
                if tree.kind(key) == .plain, tree.scalarEquals(key, "<<") {
                    switch tree.kind(value) {
                    case .mapping: merges.append(value)
                    case .sequence:
                        for item in items(value) where tree.kind(item) == .mapping {
                            merges.append(item)
                        }
                    default: error(at: value, "`<<` merges mappings, not \(describe(value))")
                    }
                } else if seen.insert(tree.string(key)).inserted {
                    pairs.append((key, value))
                }
                key = tree.next(value)
            }
            waiting.append(contentsOf: merges.reversed())
        }
        return pairs
    }

    /// The one snake_case name that Istio's definitions keep beside the camelCase one.
    private func alias(of key: NodeID, in table: MessageTable) -> String? {
        guard table === MessageTable.httpRoute, tree.scalarEquals(key, "mirror_percent") else {
            return nil
        }
        return "mirrorPercent"
    }

    // MARK: - Unknown and idle fields

    private func reportUnknown(_ key: NodeID, in table: MessageTable) {
        let name = tree.string(key)
        report(
            .warning, at: key, "\(table.name) has no field `\(name)`; it is ignored",
            advice(forUnknown: name, in: table))
    }

    private func advice(forUnknown name: String, in table: MessageTable) -> String {
        if name.hasPrefix("+") { return "a line starts with `+`, as in a diff; cut that off" }
        let camelCase = Spelling.camelCase(name)
        if camelCase != name, table.field(named: camelCase) != nil {
            return "write `\(camelCase)`"
        }
        let around = tables.dropLast()
        for (distance, outer) in around.reversed().enumerated()
        where outer.field(named: name) != nil && !outer.isOpen {
            return distance == 0
                ? "`\(name)` belongs one level up, in \(outer.name)"
                : "`\(name)` belongs \(distance + 1) levels up, in \(outer.name)"
        }
        if let near = Spelling.nearest(to: name, among: table.fields.map(\.name)) {
            return "did you mean `\(near)`?"
        }
        for field in table.fields {
            if field.type.message?.field(named: name) != nil {
                return "`\(name)` belongs under `\(field.name)`"
            }
        }
        return "its fields are \(fieldList(table))"
    }

    private func shapeAdvice(for node: NodeID, _ table: MessageTable) -> String {
        let isScalar = tree.kind(node) == .plain || tree.kind(node) == .text
        if isScalar, let field = table.usualField {
            let value = PlainScalar(tree.bytes(node))
            let isQuoted = tree.kind(node) == .text || field == "exact" && value != .string
            let text = isQuoted ? "\"\(shortened(node))\"" : shortened(node)
            return "write `{\(field): \(text)}`"
        }
        return table.isOpen ? "" : "its fields are \(fieldList(table))"
    }

    private func fieldList(_ table: MessageTable) -> String {
        table.fields.map { "`\($0.name)`" }.joined(separator: ", ")
    }

    private func noteIdle(_ field: FieldRow, key: NodeID, value: NodeID) {
        guard key >= idleUntil else { return }
        idleUntil = tree.next(value)
        guard let object, let table = tables.last else { return }
        idleFields.note(kind: object.kind, message: table.name, field: field.name) {
            IdleFields.Use(
                object: object,
                location: SourceLocation(file: file, position: tree.position(key)),
                fieldPath: path(to: value))
        }
    }

    // MARK: - Words

    /// What stands at a node, for a message.
    func describe(_ node: NodeID) -> String {
        switch tree.kind(node) {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .text: return "the text \"\(shortened(node))\""
        case .plain, .alias:
            switch PlainScalar(tree.bytes(node)) {
            case .null: return "nothing"
            case .bool: return "the boolean \(shortened(node))"
            case .integer, .float: return "the number \(shortened(node))"
            case .string: return "`\(shortened(node))`"
            }
        }
    }

    func shortened(_ node: NodeID) -> String {
        let text = tree.string(node)
        return text.count <= 60 ? text : text.prefix(57) + "..."
    }
}
