// JSON (RFC 8259) for answers that are built and sent once.
// Small answers are a tree, which cannot be written with a comma too many; a large one that is
// written already is put into it as it is.

public enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(Int64)
    case string(String)
    case array([JSON])
    /// In this order.
    case object([(String, JSON)])
    /// A value that is JSON already, UTF-8.
    case written([UInt8])

    /// UTF-8, one line and its end.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out)
        out.append(UInt8(ascii: "\n"))
        return out
    }

    /// A value people read: what is nested stands below, by two blanks.
    public var prettyBytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out, depth: 0)
        out.append(UInt8(ascii: "\n"))
        return out
    }

    private func write(to out: inout [UInt8], depth: Int? = nil) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let value): out += String(value).utf8
        case .string(let value): Self.write(value, to: &out)
        case .written(let bytes): out += bytes
        case .array(let items):
            Self.nest("[", "]", items, to: &out, depth: depth) { item, out, depth in
                item.write(to: &out, depth: depth)
            }
        case .object(let members):
            Self.nest("{", "}", members, to: &out, depth: depth) { member, out, depth in
                Self.write(member.0, to: &out)
                out += (depth == nil ? ":" : ": ").utf8
                member.1.write(to: &out, depth: depth)
            }
        }
    }

    private static func nest<Item>(
        _ open: String, _ close: String, _ items: [Item], to out: inout [UInt8], depth: Int?,
        _ body: (Item, inout [UInt8], Int?) -> Void
    ) {
        let inner = depth.map { $0 + 1 }
        out += open.utf8
        for (index, item) in items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            if let inner { out += ("\n" + String(repeating: "  ", count: inner)).utf8 }
            body(item, &out, inner)
        }
        if let depth, !items.isEmpty {
            out += ("\n" + String(repeating: "  ", count: depth)).utf8
        }
        out += close.utf8
    }

    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += #"\""#.utf8
            case "\\": out += #"\\"#.utf8
            case "\n": out += #"\n"#.utf8
            case "\t": out += #"\t"#.utf8
            // C1 controls too: some terminals obey them.
            case "\0"..<" ", "\u{7F}"..."\u{9F}":
                let digits = String(scalar.value, radix: 16)
                out += (#"\u"# + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            default: out += String(scalar).utf8
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }

    public init(_ value: some BinaryInteger) { self = .number(Int64(clamping: value)) }
    public init(_ value: String) { self = .string(value) }
    public init(_ value: Bool) { self = .bool(value) }
}
