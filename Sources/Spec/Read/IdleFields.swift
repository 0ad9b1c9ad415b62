// Which accepted fields ask for something that nothing does, and where each is used first.
// People must hear that what they wrote has no effect, and hear it once, not ten thousand times.

/// The fields of one file, or of a whole configuration, that are accepted and not acted on.
public struct IdleFields: Sendable {
    struct Key: Hashable, Sendable {
        let kind: String
        let message: String
        let field: String
    }

    struct Use: Sendable {
        let object: ObjectKey
        let location: SourceLocation
        let fieldPath: String
    }

    private var uses: [Key: Use] = [:]
    private var order: [Key] = []

    public init() {}

    mutating func note(kind: String, message: String, field: String, use: () -> Use) {
        let key = Key(kind: kind, message: message, field: field)
        guard uses[key] == nil else { return }
        uses[key] = use()
        order.append(key)
    }

    /// Adds the fields of another file; the first use is kept.
    public mutating func merge(_ other: IdleFields) {
        for key in other.order {
            if let use = other.uses[key] {
                note(kind: key.kind, message: key.message, field: key.field) { use }
            }
        }
    }

    /// One warning a field, at its first use.
    public var warnings: [Diagnostic] {
        order.compactMap { key in
            uses[key].map { use in
                Diagnostic(
                    severity: .warning, location: use.location, object: use.object,
                    fieldPath: use.fieldPath,
                    message: "\(key.message).\(key.field) is accepted, and nothing acts on it",
                    advice: "nor does Istio; said once for all that use it")
            }
        }
    }
}
