// From Envoy's format string to parts: literals and `%OPERATOR(ARGUMENT):LENGTH%`.
// By hand and byte by byte, because an error has to name its column.

struct AccessLogFormatParser {
    private let bytes: [UInt8]
    private var position = 0
    private var literal: [UInt8] = []
    private var parts: [AccessLogPart] = []

    static func parse(_ format: String) throws(AccessLogFormatError) -> [AccessLogPart] {
        var parser = AccessLogFormatParser(format)
        try parser.run()
        return parser.parts
    }

    private init(_ format: String) {
        bytes = Array(format.utf8)
    }

    private mutating func run() throws(AccessLogFormatError) {
        if bytes.count > TelemetryLimits.accessLogFormatBytesMax {
            throw AccessLogFormatError(reason: .tooLong, offset: 0)
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte != UInt8(ascii: "%") {
                literal.append(byte)
                position += 1
            } else if position + 1 < bytes.count && bytes[position + 1] == byte {
                literal.append(byte)
                position += 2
            } else {
                try parseOperator()
            }
        }
        endLiteral()
    }

    private mutating func endLiteral() {
        if literal.isEmpty { return }
        parts.append(AccessLogPart(content: .literal(literal), bytesMax: nil))
        literal = []
    }

    /// At the `%` that opens an operator.
    private mutating func parseOperator() throws(AccessLogFormatError) {
        let start = position
        position += 1
        let name = take { $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: "%") && $0 != 0x3A }
        var argument: String?
        if current == UInt8(ascii: "(") {
            position += 1
            // An argument may hold percent signs (a time format), never a closing parenthesis.
            argument = take { $0 != UInt8(ascii: ")") }
            try close(UInt8(ascii: ")"), start)
        }
        var bytesMax: Int?
        if current == UInt8(ascii: ":") {
            position += 1
            let text = take { $0 != UInt8(ascii: "%") }
            guard let length = Int(text), length > 0,
                length <= TelemetryLimits.accessLogFieldBytesMax
            else { throw AccessLogFormatError(reason: .badLength(text), offset: start) }
            bytesMax = length
        }
        try close(UInt8(ascii: "%"), start)
        let field: AccessLogField
        do {
            field = try AccessLogField(operatorName: name, argument: argument)
        } catch {
            throw AccessLogFormatError(reason: error, offset: start)
        }
        endLiteral()
        parts.append(AccessLogPart(content: .field(field), bytesMax: bytesMax))
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(while isPart: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = current, isPart(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func close(_ byte: UInt8, _ start: Int) throws(AccessLogFormatError) {
        guard current == byte else {
            throw AccessLogFormatError(reason: .unclosedOperator, offset: start)
        }
        position += 1
    }
}
