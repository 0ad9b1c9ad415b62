// What can go wrong with TLS, told apart by who has to do something about it.
internal import COpenSSL

public enum TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A certificate, key or CA that cannot be used; the text says which and why.
    case credential(String)
    /// OpenSSL refuses a setting.
    case configuration(String)
    /// The handshake or a record failed; OpenSSL's words.
    case failed(String)

    public var description: String {
        switch self {
        case .credential(let text), .configuration(let text), .failed(let text): text
        }
    }

    /// A client showed no certificate where one is required.
    public var isMissingCertificate: Bool {
        description.hasPrefix("peer did not return a certificate")
    }

    /// Takes the oldest reason off OpenSSL's error queue and empties it.
    static func reason(_ fallback: String) -> String {
        var text = fallback
        var isFirst = true
        while true {
            let code = ERR_get_error()
            if code == 0 { return text }
            if isFirst, let reason = unsafe ERR_reason_error_string(code) {
                text = unsafe String(cString: reason)
            }
            isFirst = false
        }
    }
}
