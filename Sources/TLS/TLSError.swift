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

    /// What OpenSSL's queue says first, as Envoy writes it:
    /// `TLS_error:|167772294:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end`.
    /// The queue stays as it is.
    static func envoyText(_ refusal: TLSStream.Refusal) -> String {
        let code = ERR_peek_error()
        guard code != 0 else { return "TLS_error:|CONNECTION_CLOSED:TLS_error_end" }
        let library = unsafe ERR_lib_error_string(code).map { unsafe String(cString: $0) } ?? ""
        let reason = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? ""
        let word = String(
            decoding: reason.utf8.map { byte -> UInt8 in
                switch byte {
                case 0x61...0x7a: byte - 0x20
                case 0x20: 0x5f
                default: byte
                }
            }, as: UTF8.self)
        let detail = refusal == .names ? ":verify cert failed: verify SAN list" : ""
        return "TLS_error:|\(code):\(library):OPENSSL_internal:\(word)\(detail):TLS_error_end"
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
