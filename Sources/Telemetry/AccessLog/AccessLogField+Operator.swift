// From an operator's name and argument to the field it prints.
// Names are looked up in the fields' own tables, so none can be known here and unknown there.

extension AccessLogFormatError.Reason: Error {}

extension AccessLogField {
    /// - Parameters:
    ///   - name: `REQ`, without the percent signs; upper case, as Envoy asks.
    ///   - argument: what stands in parentheses, nil where there are none.
    init(
        operatorName name: String, argument: String?
    ) throws(AccessLogFormatError.Reason) {
        switch name {
        case "REQ":
            let (first, second) = try Self.headerNames(name, argument)
            self = .requestHeader(name: first, alternative: second)
        case "RESP":
            let (first, second) = try Self.headerNames(name, argument)
            self = .responseHeader(name: first, alternative: second)
        case "TRAILER":
            let (first, second) = try Self.headerNames(name, argument)
            self = .responseTrailer(name: first, alternative: second)
        case "START_TIME":
            self = .startTime(try argument.map(TimeFormat.init(parsing:)) ?? .iso8601)
        default:
            self = try Self.plain(name)
            if argument != nil { throw .unexpectedArgument(name) }
        }
    }

    private static func plain(
        _ name: String
    ) throws(AccessLogFormatError.Reason) -> AccessLogField {
        if let text = AccessLogText(rawValue: name) { return .text(text) }
        if let number = AccessLogNumber(rawValue: name) { return .number(number) }
        switch name {
        case "RESPONSE_FLAGS": return .responseFlags(long: false)
        case "RESPONSE_FLAGS_LONG": return .responseFlags(long: true)
        default: throw .unknownOperator(name)
        }
    }

    /// `X-ENVOY-ORIGINAL-PATH?:PATH`
    private static func headerNames(
        _ operatorName: String, _ argument: String?
    ) throws(AccessLogFormatError.Reason) -> ([UInt8], [UInt8]?) {
        guard let argument else { throw .missingArgument(operatorName) }
        let names = argument.split(separator: "?", omittingEmptySubsequences: false)
        if names.count > 2 { throw .badHeaderName(argument) }
        let first = try headerName(names[0])
        return (first, names.count == 2 ? try headerName(names[1]) : nil)
    }

    /// A token (RFC 9110 section 5.6.2) or a pseudo header, in lower case.
    private static func headerName(
        _ name: Substring
    ) throws(AccessLogFormatError.Reason) -> [UInt8] {
        let token = name.first == ":" ? name.dropFirst() : name
        let isToken = token.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
        if token.isEmpty || !isToken { throw .badHeaderName(String(name)) }
        return name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }
}
