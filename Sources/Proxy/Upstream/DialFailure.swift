// Why a connection to an endpoint did not come about, in Envoy's words: they reach clients, logs
// and search engines.
import TLS
import Telemetry

struct DialFailure: Error {
    enum Kind { case connect, timeout, handshake, names, chain, credential, tunnel }

    let kind: Kind
    /// `delayed connect error: Connection refused`, `TLS_error:|...:TLS_error_end`
    let reason: String

    static func connect(_ text: String) -> DialFailure {
        DialFailure(kind: .connect, reason: "delayed connect error: \(text)")
    }

    /// The HTTP proxy at the endpoint does not let the connection through.
    static func tunnel(_ text: String) -> DialFailure {
        DialFailure(kind: .tunnel, reason: "tunnel refused: \(text)")
    }

    static let timeout = DialFailure(kind: .timeout, reason: "connection timeout")

    /// The host is the very address that the client called.
    static let loop = DialFailure(
        kind: .connect, reason: "delayed connect error: the host leads back to this proxy")

    /// What a request fails with that waited for the connection.
    var failure: Failure { kind == .timeout ? .connectionTimeout : .remoteConnectionFailure }

    static func handshake(_ tls: TLSStream) -> DialFailure {
        let kind: Kind
        switch tls.refusal {
        case .names: kind = .names
        case .chain: kind = .chain
        case .other: kind = .handshake
        }
        return DialFailure(
            kind: kind,
            reason: tls.failureText ?? "TLS_error:|CONNECTION_CLOSED_IN_HANDSHAKE:TLS_error_end")
    }

    /// A certificate or a CA that the connection needs is not there or cannot be used. Which and
    /// why, the log and the admin pages say.
    static let credential = DialFailure(
        kind: .credential, reason: "TLS_error: Secret is not supplied by SDS")
}
