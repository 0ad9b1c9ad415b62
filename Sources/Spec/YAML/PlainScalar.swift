// What a value without quotes is by YAML 1.1, as Kubernetes reads it (sigs.k8s.io/yaml).
// Resources that work here must work there: `version: 1.0` is a number to Kubernetes and `on` is
// true, so a text field that holds one is refused instead of guessed at.

enum PlainScalar: Equatable {
    case string
    case bool(Bool)
    case integer(Int64)
    /// Also integers that do not fit 64 bits.
    case float(Double)
    case null

    init(_ bytes: ArraySlice<UInt8>) {
        guard let first = bytes.first else {
            self = .null
            return
        }
        switch first {
        case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            self = Self.number(bytes) ?? .string
        case UInt8(ascii: "~"):
            self = bytes.count == 1 ? .null : .string
        case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"),
            UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"),
            UInt8(ascii: "o"), UInt8(ascii: "O"):
            self = bytes.count <= 5 ? Self.word(String(decoding: bytes, as: UTF8.self)) : .string
        default:
            self = .string
        }
    }

    private static func word(_ text: String) -> PlainScalar {
        switch text {
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
            .bool(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
            .bool(false)
        case "null", "Null", "NULL":
            .null
        default:
            .string
        }
    }

    /// Nil where it is not a number by YAML 1.1 as Go's yaml package reads it.
    private static func number(_ bytes: ArraySlice<UInt8>) -> PlainScalar? {
        let text = String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        switch text {
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
        case ".nan", ".NaN", ".NAN": return .float(.nan)
        default: break
        }
        if let integer = integer(text) { return .integer(integer) }
        guard isDecimal(Array(text.utf8)), let value = Double(text) else { return nil }
        return .float(value)
    }

    /// Decimal, `0x`, `0o`, `0b`, and with a leading zero octal.
    private static func integer(_ text: String) -> Int64? {
        var digits = text[...]
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            sign = first == "-" ? "-" : ""
            digits = digits.dropFirst()
        }
        // Int64(_:radix:) would take a second sign.
        guard let first = digits.utf8.first, (0x30...0x39).contains(first) else { return nil }
        if digits.count > 1, first == 0x30 {
            let body = digits.dropFirst(2)
            guard body.utf8.first != UInt8(ascii: "-"), body.utf8.first != UInt8(ascii: "+") else {
                return nil
            }
            switch digits.utf8.dropFirst().first {
            case UInt8(ascii: "x"), UInt8(ascii: "X"): return Int64(sign + body, radix: 16)
            case UInt8(ascii: "o"), UInt8(ascii: "O"): return Int64(sign + body, radix: 8)
            case UInt8(ascii: "b"), UInt8(ascii: "B"): return Int64(sign + body, radix: 2)
            default: return Int64(sign + digits, radix: 8)
            }
        }
        return Int64(sign + digits)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    static func isDecimal(_ bytes: [UInt8]) -> Bool {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
            return index - start
        }
        func skip(_ any: String) -> Bool {
            guard index < bytes.count, any.utf8.contains(bytes[index]) else { return false }
            index += 1
            return true
        }
        _ = skip("+-")
        let whole = digits()
        if skip(".") {
            if digits() == 0, whole == 0 { return false }
        } else if whole == 0 {
            return false
        }
        if skip("eE") {
            _ = skip("+-")
            if digits() == 0 { return false }
        }
        return index == bytes.count
    }
}
