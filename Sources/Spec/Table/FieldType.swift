// What can be written under a field.
// Rich enough to write the page of features and to make a sample of every field for the tests.

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
