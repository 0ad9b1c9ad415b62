// One finding about the configuration: what is wrong, where, and what to do about it.
// Reader, decoder, validator and compiler all report in this one shape, so that `validate`, the log
// and the admin pages can print any of them.

/// A finding. Errors stop the configuration they belong to from going live; warnings and infos do
/// not.
public struct Diagnostic: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable, CaseIterable {
        case error, warning, info
    }

    public var severity: Severity
    /// Nil where there is no text to point at.
    public var location: SourceLocation?
    /// Nil where the text did not get as far as being an object.
    public var object: ObjectKey?
    /// `spec.http[0].route[1].weight`; empty for the object as a whole.
    public var fieldPath: String
    /// What is wrong: one clause, no full stop.
    public var message: String
    /// What to do about it: one clause, no full stop; empty where the message says it all.
    public var advice: String

    public init(
        severity: Severity, location: SourceLocation?, object: ObjectKey? = nil,
        fieldPath: String = "", message: String, advice: String = ""
    ) {
        self.severity = severity
        self.location = location
        self.object = object
        self.fieldPath = fieldPath
        self.message = message
        self.advice = advice
    }

    public var isError: Bool { severity == .error }
}

extension Diagnostic: CustomStringConvertible {
    /// The one-line form, `file:line:col: error: what, where; what to do`.
    public var description: String {
        var text = ""
        if let location { text += "\(location): " }
        text += "\(severity.rawValue): \(message)"
        switch (object, fieldPath.isEmpty) {
        case (let object?, false): text += " (\(object), \(fieldPath))"
        case (let object?, true): text += " (\(object))"
        case (nil, false): text += " (\(fieldPath))"
        case (nil, true): break
        }
        if !advice.isEmpty { text += "; \(advice)" }
        return text
    }
}
