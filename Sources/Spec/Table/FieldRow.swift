// One row of a message's table: a field's name, type, standing and meaning.
// Decoder, spelling advice and docs/features.md all read these rows, so they cannot disagree.

/// How far a field is carried out.
public enum FieldStatus: Sendable, Hashable {
    /// It does what Istio says.
    case works
    /// Read and checked; acting on it comes later, which is said once per configuration.
    case decodesOnly
    /// Read and checked; it has nothing to do for a gateway, or Istio ignores it as well.
    case noEffect
    /// What it asks for is refused or left out, with a finding that says so.
    case notYet

    /// The word in docs/features.md.
    public var word: String {
        switch self {
        case .works: "works"
        case .decodesOnly, .noEffect: "decodes only"
        case .notYet: "not yet"
        }
    }
}

indirect enum FieldType: Sendable {
    case string, bool, bytes
    /// A whole number; the text is Istio's name for its range.
    case integer(String)
    case double
    /// `10s`, `1.5s`, `1h30m`
    case duration
    case choice([String])
    case list(FieldType)
    /// From strings.
    case map(FieldType)
    case message(MessageTable)
    /// A number or a name (Kubernetes IntOrString).
    case integerOrString

    static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ type: Choice.Type
    ) -> FieldType {
        .choice(type.allCases.map(\.rawValue).filter { !$0.isEmpty })
    }

    /// As docs/features.md writes it.
    var text: String {
        switch self {
        case .string: "string"
        case .bool: "bool"
        case .bytes: "base64"
        case .integer(let range): range
        case .double: "number"
        case .duration: "duration"
        case .choice(let names): names.joined(separator: ", ")
        case .list(let element): "list of " + element.text
        case .map(let element): "map to " + element.text
        case .message(let table): table.name
        case .integerOrString: "number or string"
        }
    }

    /// The message in it, lists and maps looked through.
    var message: MessageTable? {
        switch self {
        case .message(let table): table
        case .list(let element), .map(let element): element.message
        default: nil
        }
    }

    /// What follows the field's name in a path: `[]`, `{}`.
    var suffix: String {
        switch self {
        case .list(let element): "[]" + element.suffix
        case .map(let element): "{}" + element.suffix
        default: ""
        }
    }
}

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
