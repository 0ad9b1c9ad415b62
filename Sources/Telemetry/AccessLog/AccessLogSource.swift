// Where the values of an access-log line come from: a finished exchange.
// Sources append raw bytes straight to the line; the renderer makes them safe afterwards, so no
// source can forget to.

public protocol AccessLogSource: ~Copyable, ~Escapable {
    /// When the request began: seconds since 1970, and nanoseconds within the second.
    var startTime: (seconds: Int64, nanoseconds: UInt32) { get }

    var responseFlags: ResponseFlags { get }

    /// nil where it is absent.
    func number(_ field: AccessLogNumber) -> UInt64?

    /// Appends the value as it is.
    /// - Returns: false, with nothing appended, where it is absent.
    func append(_ field: AccessLogText, to line: inout [UInt8]) -> Bool

    /// Appends a request header's value; also asked for `:method`, `:path`, `:authority` and
    /// `:scheme`. - Parameter name: lower case.
    func appendRequestHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool

    /// Appends a response header's value. - Parameter name: lower case; `:status` too.
    func appendResponseHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool

    /// Appends a response trailer's value. - Parameter name: lower case.
    func appendResponseTrailer(_ name: [UInt8], to line: inout [UInt8]) -> Bool
}
