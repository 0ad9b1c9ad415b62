// Turns OpenSSL's error queue into one of our errors.
// The queue belongs to the thread and outlives the call that filled it: whoever sees a call fail
// drains it, or the next TLS read on this thread would report a certificate's trouble as its own.
internal import COpenSSL

enum OpenSSLFailure {
    /// The reasons in the queue, oldest first; the queue is empty afterwards.
    static func drain() -> [String] {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return reasons }
            guard let reason = unsafe ERR_reason_error_string(code) else {
                reasons.append("error \(code)")
                continue
            }
            let text = unsafe String(cString: reason)
            if reasons.last != text { reasons.append(text) }
        }
    }

    static func reason() -> String {
        let reasons = drain()
        return reasons.isEmpty ? "no reason given" : reasons.joined(separator: ", ")
    }

    /// An operation that should not fail, failed.
    static func library(_ operation: String) -> PKIError {
        .library(operation: operation, reason: reason())
    }

    /// Foreign bytes are not what they should be.
    static func malformed(_ label: PEMLabel) -> PKIError {
        .malformed(label, reason: reason())
    }
}
