// Shows a finding to people: one line that says all, the line of the file, and a caret under the
// place. Compilers have taught everyone to read this form, and editors to jump from it.

extension Diagnostic {
    /// `file:line:col: error: what; what to do`, then the line of `source` and a caret below it.
    /// `source` is the text of the file the finding is in, one for all findings of a file; nil
    /// leaves the line out. `color` adds ANSI escapes for terminals. A line that may be a Secret's
    /// is never shown.
    public func rendered(source: SourceLines?, color: Bool) -> String {
        let style = color ? Style.terminal : Style.plain
        var text = headline(style)
        guard let location, location.line > 0, let source, !isPrivate(in: source) else {
            return text
        }
        let excerpt = Excerpt(line: source.line(location.line), column: location.column)
        let number = String(location.line)
        let gutter = String(repeating: " ", count: number.count)
        text += "\n \(style.dim)\(number) |\(style.reset) \(excerpt.line)"
        if let caret = excerpt.caretOffset {
            text += "\n \(style.dim)\(gutter) |\(style.reset) "
            text += String(repeating: " ", count: caret)
            text += "\(style.bold)\(style.severity(severity))^\(style.reset)"
        }
        return text
    }

    /// A finding without an object may be about any document of its file.
    private func isPrivate(in source: SourceLines) -> Bool {
        if let object { return object.kind == Secret.kind }
        return source.maySpeakOfSecrets
    }

    private func headline(_ style: Style) -> String {
        var text = ""
        if let location { text += "\(style.bold)\(location):\(style.reset) " }
        text += "\(style.bold)\(style.severity(severity))\(severity.rawValue):\(style.reset) "
        text += "\(style.bold)\(Self.printable(message))\(style.reset)"
        let place = [object?.description, fieldPath.isEmpty ? nil : fieldPath]
            .compactMap { $0 }.joined(separator: ", ")
        if !place.isEmpty { text += " (\(Self.printable(place)))" }
        if !advice.isEmpty { text += "; \(Self.printable(advice))" }
        return text
    }

    /// Files are not trusted with the terminal: control characters in what they say are shown as
    /// U+FFFD.
    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Excerpt.isControl) else { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    Excerpt.isControl(scalar) ? "\u{FFFD}" : scalar
                }))
    }

    private struct Style {
        let bold: String
        let dim: String
        let reset: String
        let colors: [Severity: String]

        static let plain = Style(bold: "", dim: "", reset: "", colors: [:])
        static let terminal = Style(
            bold: "\u{1B}[1m", dim: "\u{1B}[2m", reset: "\u{1B}[0m",
            colors: [.error: "\u{1B}[31m", .warning: "\u{1B}[33m", .info: "\u{1B}[36m"])

        func severity(_ severity: Severity) -> String { colors[severity] ?? "" }
    }
}
