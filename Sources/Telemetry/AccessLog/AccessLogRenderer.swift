// Writing access-log lines: one renderer a loop.
// It keeps the text of the current second, so that a busy proxy formats the date once a second and
// not once a line.

public struct AccessLogRenderer {
    public let format: AccessLogFormat
    /// `2023-07-05T10:00:00.` and the second it stands for.
    private var clock: [UInt8] = []
    private var clockSecond = Int64.min

    public init(format: AccessLogFormat) {
        self.format = format
    }

    /// Appends one line. Nothing is allocated beyond what `out` has to grow by, as long as values
    /// need no escapes.
    public mutating func append<Source: AccessLogSource & ~Copyable & ~Escapable>(
        to out: inout [UInt8], from source: borrowing Source
    ) {
        switch format.shape {
        case .text(let parts):
            for part in parts { appendText(part, to: &out, from: source) }
        case .json(let members):
            out.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in members {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                out.append(contentsOf: member.key)
                appendValue(of: member, to: &out, from: source)
            }
            out.append(UInt8(ascii: "}"))
            out.append(UInt8(ascii: "\n"))
        }
    }

    private mutating func appendText<Source: AccessLogSource & ~Copyable & ~Escapable>(
        _ part: AccessLogPart, to out: inout [UInt8], from source: borrowing Source
    ) {
        switch part.content {
        case .literal(let bytes): out.append(contentsOf: bytes)
        case .field(let field):
            let start = out.count
            let isThere = appendRaw(field, to: &out, from: source)
            if !isThere || out.count == start {
                out.append(UInt8(ascii: "-"))
                return
            }
            Self.cut(&out, from: start, to: part.bytesMax)
            LogText.escape(&out, from: start)
        }
    }

    /// A number, a string or null for a member that is one field alone; else a string.
    private mutating func appendValue<Source: AccessLogSource & ~Copyable & ~Escapable>(
        of member: AccessLogMember, to out: inout [UInt8], from source: borrowing Source
    ) {
        let before = out.count
        if member.parts.count == 1, case .field(let field) = member.parts[0].content {
            if case .number(let number) = field {
                if let value = source.number(number) {
                    out.append(decimal: value)
                } else {
                    out.append("null")
                }
                return
            }
            out.append(UInt8(ascii: "\""))
            guard appendRaw(field, to: &out, from: source) else {
                out.removeSubrange(before...)
                out.append("null")
                return
            }
            Self.cut(&out, from: before + 1, to: member.parts[0].bytesMax)
        } else {
            out.append(UInt8(ascii: "\""))
            for part in member.parts {
                let start = out.count
                switch part.content {
                case .literal(let bytes): out.append(contentsOf: bytes)
                case .field(let field):
                    if !appendRaw(field, to: &out, from: source) {
                        out.append(UInt8(ascii: "-"))
                    }
                    Self.cut(&out, from: start, to: part.bytesMax)
                }
            }
        }
        JSONText.escape(&out, from: before + 1)
        out.append(UInt8(ascii: "\""))
    }

    private static func cut(_ out: inout [UInt8], from start: Int, to bytesMax: Int?) {
        guard let bytesMax, out.count - start > bytesMax else { return }
        out.removeSubrange((start + bytesMax)...)
    }

    /// The value as the source has it. - Returns: false where it is absent.
    private mutating func appendRaw<Source: AccessLogSource & ~Copyable & ~Escapable>(
        _ field: AccessLogField, to out: inout [UInt8], from source: borrowing Source
    ) -> Bool {
        switch field {
        case .text(let text): return source.append(text, to: &out)
        case .number(let number):
            guard let value = source.number(number) else { return false }
            out.append(decimal: value)
            return true
        case .requestHeader(let name, let alternative):
            if source.appendRequestHeader(name, to: &out) { return true }
            guard let alternative else { return false }
            return source.appendRequestHeader(alternative, to: &out)
        case .responseHeader(let name, let alternative):
            if source.appendResponseHeader(name, to: &out) { return true }
            guard let alternative else { return false }
            return source.appendResponseHeader(alternative, to: &out)
        case .responseTrailer(let name, let alternative):
            if source.appendResponseTrailer(name, to: &out) { return true }
            guard let alternative else { return false }
            return source.appendResponseTrailer(alternative, to: &out)
        case .responseFlags(let long):
            source.responseFlags.append(to: &out, long: long)
            return true
        case .startTime(let format):
            let (seconds, nanoseconds) = source.startTime
            if format.isISO8601 {
                appendISO8601(seconds, nanoseconds, to: &out)
            } else {
                format.append(seconds: seconds, nanoseconds: nanoseconds, to: &out)
            }
            return true
        }
    }

    /// `2023-07-05T10:00:00.123Z`
    private mutating func appendISO8601(
        _ seconds: Int64, _ nanoseconds: UInt32, to out: inout [UInt8]
    ) {
        if seconds != clockSecond {
            clock.removeAll(keepingCapacity: true)
            TimeFormat.iso8601.append(seconds: seconds, nanoseconds: 0, to: &clock)
            clock.removeLast("000Z".utf8.count)
            clockSecond = seconds
        }
        out.append(contentsOf: clock)
        out.append(decimal: UInt64(nanoseconds / 1_000_000), width: 3)
        out.append(UInt8(ascii: "Z"))
    }
}
