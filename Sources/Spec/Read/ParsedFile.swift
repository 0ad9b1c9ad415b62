// What one file holds: its objects, what is to be said about it, and which fields wait to be acted
// on. A value, made in one go from bytes: whoever keeps files up to date compares and swaps these.

/// A file of resources, read and checked.
public struct ParsedFile: Sendable {
    /// The path as it was given, `-` for standard input.
    public let file: String
    /// Whole and valid objects in the order of the text.
    public let objects: [any Resource]
    /// In the order of the text.
    public let diagnostics: [Diagnostic]
    /// Accepted fields that do nothing yet; said once a configuration, so not in `diagnostics`.
    public let idleFields: IdleFields
    /// Also true where the error itself was one too many to list.
    public let hasErrors: Bool

    /// Reads YAML or JSON, one or more documents, UTF-8 or UTF-16 with a byte order mark. Objects
    /// without a namespace are in `defaultNamespace`. Files that are read with the same `strings`
    /// share the names they have in common.
    public init(
        reading bytes: [UInt8], file: String, defaultNamespace: String = "default",
        strings: SharedStrings = SharedStrings()
    ) {
        self.file = file
        let reader = FieldReader(
            file: file, defaultNamespace: defaultNamespace, strings: strings)
        var objects: [any Resource] = []
        if bytes.count > SpecLimits.fileBytesMax {
            reader.report(
                Diagnostic(
                    severity: .error, location: SourceLocation(file: file),
                    message: "a file of \(bytes.count) bytes, more than "
                        + "\(SpecLimits.fileBytesMax)",
                    advice: "split it"))
        } else {
            let text = UTF16Text.utf8(of: bytes)
            let lines = SourceLines(text)
            let found = ObjectList()
            YAMLStream.read(
                text,
                document: { reader.read(document: $0, lines: lines, into: &found.objects) },
                problem: { problem in
                    reader.report(.error) { problem.diagnostic(file: file, lines: lines) }
                },
                restart: {
                    reader.restart()
                    found.objects = []
                })
            objects = found.objects
        }
        self.objects = objects
        diagnostics = reader.finished()
        idleFields = reader.idleFields
        hasErrors = diagnostics.contains(where: \.isError) || reader.suppressedErrorCount > 0
    }

    private final class ObjectList {
        var objects: [any Resource] = []
    }
}
