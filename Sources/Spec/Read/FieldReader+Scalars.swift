// Scalars of every type, as Kubernetes' YAML and protojson read them together.
// What one of the two refuses is refused or warned about here, so that a file that works here works
// there.

extension FieldReader {
    /// A text; numbers and booleans without quotes are errors, as they are to Kubernetes.
    func string(_ node: NodeID) -> String {
        guard isText(node) else { return "" }
        return tree.string(node)
    }

    /// A text that is likely to come again: the name of a host, a namespace, a label.
    func sharedString(_ node: NodeID) -> String {
        guard isText(node) else { return "" }
        return strings.string(tree.bytes(node))
    }

    private func isText(_ node: NodeID) -> Bool {
        switch tree.kind(node) {
        case .text: return true
        case .plain:
            let kind = PlainScalar(tree.bytes(node))
            if case .string = kind { return true }
            let text = shortened(node)
            switch kind {
            case .bool:
                error(
                    at: node, "a text is needed, and `\(text)` without quotes is a boolean",
                    "write \"\(text)\"")
            case .null:
                error(at: node, "a text is needed, and there is none", "write \"\" for no text")
            default:
                error(
                    at: node, "a text is needed, and `\(text)` without quotes is a number",
                    "write \"\(text)\"")
            }
            return false
        default:
            error(at: node, "a text is needed, not \(describe(node))")
            return false
        }
    }

    func bool(_ node: NodeID) -> Bool {
        if tree.kind(node) == .plain, case .bool(let value) = PlainScalar(tree.bytes(node)) {
            return value
        }
        error(at: node, "true or false is needed, not \(describe(node))", "without quotes")
        return false
    }

    /// A whole number of the range; nil, and an error, for anything else.
    func integer<Value: FixedWidthInteger>(_ node: NodeID, _ type: Value.Type) -> Value? {
        guard let number = wholeNumber(node) else { return nil }
        guard let value = Value(exactly: number) else {
            error(at: node, "\(number) is out of range", "\(Value.min) to \(Value.max) are allowed")
            return nil
        }
        return value
    }

    func int32(_ node: NodeID) -> Int32? { integer(node, Int32.self) }
    func uint32(_ node: NodeID) -> UInt32? { integer(node, UInt32.self) }

    /// A port number, 1 to 65535; 0 too where `zeroAllowed`.
    func port(_ node: NodeID, zeroAllowed: Bool = false) -> UInt16? {
        guard let number = wholeNumber(node) else { return nil }
        guard let port = UInt16(exactly: number), port > 0 || zeroAllowed else {
            error(at: node, "\(number) is no port", "ports are 1 to 65535")
            return nil
        }
        return port
    }

    private func wholeNumber(_ node: NodeID) -> Int64? {
        switch tree.kind(node) {
        case .plain:
            switch PlainScalar(tree.bytes(node)) {
            case .integer(let value): return value
            case .float(let value):
                // 100.0 becomes 100 on its way through JSON.
                if let whole = Int64(exactly: value) { return whole }
            default: break
            }
        case .text:
            // protojson takes "80" for 80; an API server does not.
            if let value = Int64(tree.string(node)) {
                report(
                    .warning, at: node, "a number in quotes, which Kubernetes refuses",
                    "write \(value) without quotes")
                return value
            }
        default: break
        }
        error(at: node, "a whole number is needed, not \(describe(node))")
        return nil
    }

    func double(_ node: NodeID) -> Double? {
        switch tree.kind(node) {
        case .plain:
            switch PlainScalar(tree.bytes(node)) {
            case .integer(let value): return Double(value)
            case .float(let value) where value.isFinite: return value
            default: break
            }
        case .text:
            let text = tree.string(node)
            if PlainScalar.isDecimal(Array(text.utf8)), let value = Double(text), value.isFinite {
                report(
                    .warning, at: node, "a number in quotes, which Kubernetes refuses",
                    "write \(text) without quotes")
                return value
            }
        default: break
        }
        error(at: node, "a number is needed, not \(describe(node))")
        return nil
    }

    /// A duration of Go's form that is zero or at least 1 ms; `zeroAllowed` false refuses zero.
    func duration(_ node: NodeID, zeroAllowed: Bool = true) -> Duration? {
        let advice = "write a number with a unit, such as 10s, 500ms or 1m30s"
        switch tree.kind(node) {
        case .plain, .text:
            guard tree.kind(node) == .text || PlainScalar(tree.bytes(node)) == .string else {
                error(at: node, "\(describe(node)) is no duration", advice)
                return nil
            }
            switch GoDuration.parse(tree.bytes(node)) {
            case .value(let value):
                if value == .zero, !zeroAllowed {
                    error(at: node, "a duration of zero", "at least 1ms is needed")
                } else if value != .zero, value < .milliseconds(1) {
                    error(
                        at: node, "the duration \(shortened(node)) is below a millisecond",
                        "at least 1ms is needed")
                    return nil
                }
                return value
            case .negative:
                error(at: node, "the duration \(shortened(node)) is negative", advice)
            case .malformed:
                error(at: node, "`\(shortened(node))` is no duration", advice)
            }
        default:
            error(at: node, "a duration is needed, not \(describe(node))", advice)
        }
        return nil
    }

    /// One of an enumeration's names, spelled exactly.
    func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ node: NodeID, _ type: Choice.Type, ignoringCase: Bool = false
    ) -> Choice? {
        guard tree.kind(node) == .plain || tree.kind(node) == .text else {
            error(at: node, "a name is needed, not \(describe(node))")
            return nil
        }
        let text = tree.string(node)
        let written = ignoringCase ? text.uppercased() : text
        if let choice = Choice(rawValue: written) { return choice }
        let names = Choice.allCases.map(\.rawValue).filter { !$0.isEmpty }
        if let near = Spelling.nearest(to: text, among: names) {
            error(at: node, "`\(shortened(node))` is none of the values", "did you mean `\(near)`?")
        } else {
            error(
                at: node, "`\(shortened(node))` is none of the values",
                "they are \(names.joined(separator: ", "))")
        }
        return nil
    }

    /// Standard or URL-safe base64, with or without padding, as protojson takes it.
    func base64(_ node: NodeID) -> [UInt8] {
        let text = string(node)
        guard let bytes = Base64.decode(text.utf8) else {
            error(at: node, "the text is not base64", "write plain text under `string` instead")
            return []
        }
        return bytes
    }
}
