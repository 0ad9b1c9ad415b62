// The words of a failure: the body the client gets and the details the log keeps.
// Both name the reset and, where there is one, what the transport said, as Envoy's do; users
// search the web for exactly these sentences.

extension Failure {
    /// Short and stable, for a metric's label.
    public var label: String { row.details.description }

    /// The response's body: text/plain, no line feed at its end; nothing for most failures.
    /// - Parameters:
    ///   - transportReason: `delayed connect error: Connection refused`, `TLS_error:|...`
    ///   - retried: whether this was not the first attempt.
    public func appendBody(
        to out: inout [UInt8], transportReason: String? = nil, retried: Bool = false
    ) {
        let row = row
        guard let reset = row.reset else {
            out.append(row.body.description)
            return
        }
        // After the head there is no place for a body of ours.
        if row.status == 0 { return }
        out.append(
            "upstream connect error or disconnect/reset before headers. ")
        if retried { out.append("retried and the latest ") }
        out.append("reset reason: ")
        out.append(reset.description)
        if let transportReason {
            out.append(", transport failure reason: ")
            out.append(transportReason)
        }
    }

    /// `%RESPONSE_CODE_DETAILS%`: `route_not_found`,
    /// `upstream_reset_before_response_started{connection_termination}`. Blanks become underscores,
    /// so that the field stays one word of the log line.
    /// - Parameters:
    ///   - transportReason: as in `appendBody`.
    ///   - cause: which rule a malformed message broke, `obs_fold`.
    public func appendDetails(
        to out: inout [UInt8], transportReason: String? = nil, cause: StaticString? = nil
    ) {
        let row = row
        let start = out.count
        out.append(row.details.description)
        if let reset = row.reset {
            out.append(UInt8(ascii: "{"))
            out.append(reset.description)
            if let transportReason {
                out.append("|")
                out.append(transportReason)
            } else if let cause {
                out.append(UInt8(ascii: "|"))
                out.append(cause.description)
            }
            out.append(UInt8(ascii: "}"))
        } else if let cause {
            out.append(UInt8(ascii: "{"))
            out.append(cause.description)
            out.append(UInt8(ascii: "}"))
        }
        for index in start..<out.count where out[index] == UInt8(ascii: " ") {
            out[index] = UInt8(ascii: "_")
        }
    }
}

/// `%RESPONSE_CODE_DETAILS%` of requests that did not fail.
public enum ResponseDetails {
    public static let viaUpstream: StaticString = "via_upstream"
    public static let directResponse: StaticString = "direct_response"
    public static let corsResponse: StaticString = "cors_response"
}
