// What the certificate service has done, under the names of Istio's own CA.
// Dashboards for istiod ask for `citadel_server_*`; what istiod has no name for is `isthmus_ca_*`.

public struct ServiceCounts: Sendable, Equatable {
    public var requests: UInt64 = 0
    public var issued: UInt64 = 0
    /// No token, no certificate, or one that is not believed.
    public var authenticationFailures: UInt64 = 0
    /// What is no certificate request, or not signed with its key.
    public var requestFailures: UInt64 = 0
    public var signingFailures: UInt64 = 0
    public var tokensUsed: UInt64 = 0
    public var pages: UInt64 = 0
    public var connections: UInt64 = 0
    public var connectionsOpen: UInt64 = 0
    public var connectionsRefused: UInt64 = 0
    public var handshakeFailures: UInt64 = 0
    /// Waits that were ended: handshakes, calls, idle connections.
    public var timeouts: UInt64 = 0
    /// Calls larger than a limit.
    public var oversized: UInt64 = 0
    public var protocolErrors: UInt64 = 0
    public var floods: UInt64 = 0
    public var batches: UInt64 = 0

    public init() {}
}

extension ServiceCounts {
    /// A row of the metrics page.
    struct Row: Sendable {
        let name: String
        let kind: String
        let help: String
        let value: UInt64
    }

    var rows: [Row] {
        func counter(_ name: String, _ value: UInt64, _ help: String) -> Row {
            Row(name: name, kind: "counter", help: help, value: value)
        }
        return [
            counter("citadel_server_csr_count", requests, "Calls of CreateCertificate."),
            counter(
                "citadel_server_success_cert_issuance_count", issued, "Certificates issued."),
            counter(
                "citadel_server_authentication_failure_count", authenticationFailures,
                "Callers that proved nothing."),
            counter(
                "citadel_server_csr_parsing_err_count", requestFailures,
                "Requests that are none, or not signed with their key."),
            counter(
                "citadel_server_csr_sign_err_count", signingFailures,
                "Requests that could not be granted."),
            counter("isthmus_ca_tokens_used_total", tokensUsed, "Enrolments by token."),
            counter("isthmus_ca_batches_total", batches, "Groups of calls issued together."),
            counter("isthmus_ca_pages_total", pages, "Reads of roots and revocation lists."),
            counter("isthmus_ca_connections_total", connections, "Connections taken."),
            Row(
                name: "isthmus_ca_connections", kind: "gauge", help: "Connections open now.",
                value: connectionsOpen),
            counter(
                "isthmus_ca_connections_refused_total", connectionsRefused,
                "Connections beyond the limit."),
            counter(
                "isthmus_ca_handshake_failures_total", handshakeFailures,
                "TLS handshakes that came to nothing."),
            counter(
                "isthmus_ca_timeouts_total", timeouts,
                "Handshakes, calls and idle connections that were ended."),
            counter(
                "isthmus_ca_oversized_total", oversized, "Calls larger than a limit."),
            counter(
                "isthmus_ca_protocol_errors_total", protocolErrors,
                "Connections that broke HTTP/2."),
            counter(
                "isthmus_ca_floods_total", floods,
                "Connections ended for frames that ask for nothing."),
        ]
    }
}
