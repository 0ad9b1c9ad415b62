// What is counted about one listener: the connections clients make to it.
// The names are Envoy's listener statistics, kept apart from HTTP's because TCP listeners have
// them too.

/// One listener's statistics, `listener.0.0.0.0_8080.<name>`.
@frozen
public enum ListenerStat: Int, StatFamily {
    case downstreamCxTotal
    case downstreamCxActive
    case downstreamCxDestroy
    case downstreamCxOverflow
    case downstreamGlobalCxOverflow
    case noFilterChainMatch
    case sslHandshake
    case sslConnectionError
    case sslFailVerifyError
    case sslFailVerifyNoCert
    case sslFailVerifySAN
    case sslFailVerifyCertHash
    case sslContextMissing
    case sslPeerExpired
    case sslPeerDismissed

    public var definition: StatDefinition {
        switch self {
        case .downstreamCxTotal:
            StatDefinition("downstream_cx_total", .counter, "Connections accepted")
        case .downstreamCxActive:
            StatDefinition("downstream_cx_active", .gauge, "Connections open now")
        case .downstreamCxDestroy:
            StatDefinition("downstream_cx_destroy", .counter, "Connections closed")
        case .downstreamCxOverflow:
            StatDefinition(
                "downstream_cx_overflow", .counter,
                "Connections refused because the limit of connections was reached")
        case .downstreamGlobalCxOverflow:
            StatDefinition(
                "downstream_global_cx_overflow", .counter,
                "Connections refused because descriptors ran out")
        case .sslHandshake:
            StatDefinition("ssl.handshake", .counter, "TLS handshakes completed")
        case .sslConnectionError:
            StatDefinition(
                "ssl.connection_error", .counter, "TLS connections that failed or were too slow")
        case .sslFailVerifyError:
            StatDefinition(
                "ssl.fail_verify_error", .counter,
                "Client certificates that are not trusted, expired or revoked")
        case .sslFailVerifyNoCert:
            StatDefinition(
                "ssl.fail_verify_no_cert", .counter,
                "Clients without a certificate where one is required")
        case .sslFailVerifySAN:
            StatDefinition(
                "ssl.fail_verify_san", .counter,
                "Client certificates without any of the names asked for")
        case .sslFailVerifyCertHash:
            StatDefinition(
                "ssl.fail_verify_cert_hash", .counter,
                "Client certificates with none of the hashes asked for")
        case .sslPeerExpired:
            StatDefinition(
                "ssl.peer_expired", .counter,
                "Open connections whose client's certificate has expired")
        case .sslPeerDismissed:
            StatDefinition(
                "ssl.peer_dismissed", .counter,
                "Open connections ended because their client is let in no more")
        case .sslContextMissing:
            StatDefinition(
                "ssl.context_missing", .counter,
                "TLS connections closed because their server's certificate cannot be used")
        case .noFilterChainMatch:
            StatDefinition(
                "no_filter_chain_match", .counter, "Connections nothing was configured for")
        }
    }
}
