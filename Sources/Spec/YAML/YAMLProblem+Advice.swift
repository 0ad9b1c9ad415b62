// Says in plain words what libyaml's messages mean and what to do about them.
// The parser tells the truth in its own terms ("did not find expected key"); people who paste from
// an editor, a shell or a diff need to hear about blanks and tabs.

extension YAMLProblem {
    /// The finding for this problem in `file`, whose text is `lines`.
    func diagnostic(file: String, lines: SourceLines) -> Diagnostic {
        let location = SourceLocation(file: file, position: position)
        let line = lines.line(Int(position.line))
        var message = message
        var advice = advice
        if advice.isEmpty { (message, advice) = explained(line: line) }
        if let pasted = lines.pastedPrefix(around: Int(position.line)) { advice = pasted }
        return Diagnostic(
            severity: .error, location: location, message: message, advice: advice)
    }

    private func explained(line: ArraySlice<UInt8>) -> (message: String, advice: String) {
        let indentation = line.prefix { $0 == 0x20 || $0 == 0x09 }
        if indentation.contains(0x09) {
            return (
                "a tab in the indentation",
                "YAML does not allow tabs for indentation; use blanks"
            )
        }
        let since = context.map { "line \($0.position.line), column \($0.position.column)" } ?? ""
        switch message {
        case "did not find expected key":
            return (
                "a key was expected here and this is none",
                "check the indentation: the mapping that starts at \(since) needs all its keys in "
                    + "the same column"
            )
        case "did not find expected '-' indicator":
            return (
                "a `- ` was expected here",
                "check the indentation: the list that starts at \(since) needs all its items in "
                    + "the same column"
            )
        case "mapping values are not allowed in this context":
            return (
                "a `key: value` where none can be",
                "check the indentation; a text with `: ` in it needs quotes"
            )
        case "did not find expected node content":
            return (
                "a `[` or `{` that is opened at \(since) is not closed before this",
                "close it with `]` or `}`"
            )
        case "could not find expected ':'":
            return (
                "a line that is neither `key: value` nor part of one",
                "write `key: value`, or remove the line"
            )
        case "found character that cannot start any token":
            let column = Int(position.column) - 1
            let characters = Array(String(decoding: line, as: UTF8.self).unicodeScalars)
            let culprit = characters.indices.contains(column) ? characters[column] : " "
            if culprit == "\t" {
                return (
                    "a tab where a value starts",
                    "YAML does not allow tabs for indentation; use blanks"
                )
            }
            return (
                "a value cannot start with `\(String(culprit))`", "put the value in quotes"
            )
        case "found unexpected end of stream" where context?.text.contains("quoted") == true:
            return ("a quote that is opened at \(since) is never closed", "close it")
        case "found unexpected document indicator":
            return ("a quote that is opened at \(since) is not closed before `---`", "close it")
        case "did not find expected ',' or ']'":
            return (
                "a `[` that is opened at \(since) is not closed",
                "separate the items by commas and close the list with `]`"
            )
        case "did not find expected ',' or '}'":
            return (
                "a `{` that is opened at \(since) is not closed",
                "separate the entries by commas and close the mapping with `}`"
            )
        case "did not find expected <document start>":
            return (
                "something else follows the end of the document",
                "start a new document with a line `---`"
            )
        case let text where text.contains("UTF-8") || text.contains("UTF-16"):
            return (
                "the text is not valid UTF-8: \(text)",
                "save the file as UTF-8"
            )
        case let text where text.contains("nesting level"):
            return (
                "nested deeper than \(SpecLimits.depthMax) levels",
                "no resource is that deep; check the brackets and the indentation"
            )
        case "control characters are not allowed":
            return (
                "a control character", "remove it, or write it as an escape in double quotes"
            )
        case let text:
            guard let context else { return (text, "") }
            return ("\(text), \(context.text) that starts at \(since)", "")
        }
    }
}
