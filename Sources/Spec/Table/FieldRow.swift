// One row of a message's table: a field's name, type, standing and meaning.
// Decoder, spelling advice and docs/features.md all read these rows, so they cannot disagree.

struct FieldRow: Sendable {
    let name: String
    let type: FieldType
    let status: FieldStatus
    /// One line.
    let doc: String

    /// A field that works.
    init(_ name: String, _ type: FieldType, _ doc: String) {
        self.init(name, type, .works, doc)
    }

    init(_ name: String, _ type: FieldType, _ status: FieldStatus, _ doc: String) {
        self.name = name
        self.type = type
        self.status = status
        self.doc = doc
    }
}
