// An access-log format, taken apart once.
// Parsing Envoy's format strings when the configuration is read means that a wrong operator is an
// error people see at once, and that writing a line is a walk over a list.

public struct AccessLogFormat: Sendable, Equatable {
    enum Shape: Sendable, Equatable {
        case text([AccessLogPart])
        case json([AccessLogMember])
    }

    let shape: Shape

    /// A text format; the line ends as the format does, usually with a line feed.
    public init(_ format: String) throws(AccessLogFormatError) {
        shape = .text(try AccessLogFormatParser.parse(format))
    }

    /// A JSON object a line, closed with a line feed.
    ///
    /// A member that is one operator alone becomes a number, a string or null; any other a string.
    /// - Parameter members: keys and their formats, in the order they are printed.
    public init(json members: [(key: String, format: String)]) throws(AccessLogFormatError) {
        var parsed: [AccessLogMember] = []
        for member in members {
            let parts = try AccessLogFormatParser.parse(member.format)
            parsed.append(AccessLogMember(key: member.key, parts: parts))
        }
        shape = .json(parsed)
    }

    private init(shape: Shape) {
        self.shape = shape
    }

    /// Istio's default line. Parsing it is covered by a test; if it ever failed, lines would be
    /// empty rather than the process gone.
    public static let istioDefault: AccessLogFormat =
        (try? AccessLogFormat(istioDefaultText)) ?? AccessLogFormat(shape: .text([]))

    /// Istio's JSON format, with Istio's keys.
    public static let istioJSON: AccessLogFormat =
        (try? AccessLogFormat(json: istioJSONMembers)) ?? AccessLogFormat(shape: .json([]))
}

/// A piece of a line.
public struct AccessLogPart: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case literal([UInt8])
        case field(AccessLogField)
    }

    public let content: Content
    /// `%REQ(X):Z%`: at most Z bytes of the value; nil for all.
    public let bytesMax: Int?
}

/// `"key":` and what stands behind it.
struct AccessLogMember: Sendable, Equatable {
    /// `"key":`, escaped.
    let key: [UInt8]
    let parts: [AccessLogPart]

    init(key: String, parts: [AccessLogPart]) {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.append(key)
        JSONText.escape(&bytes, from: 1)
        bytes.append("\":")
        self.key = bytes
        self.parts = parts
    }
}

/// Why a format cannot be used, and where.
public struct AccessLogFormatError: Error, Equatable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        case tooLong
        case unknownOperator(String)
        case unclosedOperator
        case missingArgument(String)
        case unexpectedArgument(String)
        case badHeaderName(String)
        case badLength(String)
        case badTimeConversion(String)
    }

    public let reason: Reason
    /// Bytes before the operator that is wrong.
    public let offset: Int

    public var description: String {
        let what =
            switch reason {
            case .tooLong:
                "the format is longer than \(TelemetryLimits.accessLogFormatBytesMax) bytes"
            case .unknownOperator(let name):
                "unknown operator %\(name)%; write %% for a percent sign"
            case .unclosedOperator: "an operator has no closing %; write %% for a percent sign"
            case .missingArgument(let name): "%\(name)% needs a name: %\(name)(NAME)%"
            case .unexpectedArgument(let name): "%\(name)% takes no argument"
            case .badHeaderName(let name): "\"\(name)\" is not the name of a header"
            case .badLength(let text):
                "\":\(text)\" is no length; it is a number from 1 to "
                    + "\(TelemetryLimits.accessLogFieldBytesMax)"
            case .badTimeConversion(let text):
                "%START_TIME% does not know \"\(text)\"; it knows "
                    + TimeFormat.conversions.joined(separator: " ")
            }
        return "access-log format, column \(offset + 1): \(what)"
    }
}
