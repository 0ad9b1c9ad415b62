// What is counted about one cluster: connections to it and requests sent there.
// The names are Envoy's (cluster statistics in its documentation), because people's dashboards,
// alerts and shell pipelines ask for them.

/// One cluster's statistics, `cluster.outbound|80||host.<name>`.
@frozen
public enum ClusterStat: Int, StatFamily {
    case upstreamCxTotal
    case upstreamCxActive
    case upstreamCxHTTP1Total
    case upstreamCxHTTP2Total
    case upstreamCxConnectFail
    case upstreamCxConnectTimeout
    case upstreamCxIdleTimeout
    case upstreamCxDestroy
    case upstreamCxDestroyLocal
    case upstreamCxDestroyRemote
    case upstreamCxDestroyWithActiveRq
    case upstreamCxRxBytesTotal
    case upstreamCxTxBytesTotal
    case upstreamCxOverflow
    case upstreamCxNoneHealthy
    case upstreamCxProtocolError
    case upstreamCxMaxRequests
    case upstreamRqTotal
    case upstreamRqActive
    case upstreamRqPendingTotal
    case upstreamRqPendingActive
    case upstreamRqPendingOverflow
    case upstreamRqPendingFailureEject
    case upstreamRqCancelled
    case upstreamRqCompleted
    case upstreamRqTimeout
    case upstreamRqPerTryTimeout
    case upstreamRqRetry
    case upstreamRqRetrySuccess
    case upstreamRqRetryLimitExceeded
    case upstreamRqRetryOverflow
    case retryOrShadowAbandoned
    case upstreamRqRxReset
    case upstreamRqTxReset
    case upstreamRq1xx
    case upstreamRq2xx
    case upstreamRq3xx
    case upstreamRq4xx
    case upstreamRq5xx
    case sslHandshake
    case sslSessionReused
    case sslConnectionError
    case sslFailVerifySAN
    case sslFailVerifyError
    case sslContextMissing
    case membershipTotal
    case membershipHealthy
    case membershipChange

    public var definition: StatDefinition {
        switch self {
        case .upstreamCxTotal:
            StatDefinition("upstream_cx_total", .counter, "Connections made to the cluster")
        case .upstreamCxActive:
            StatDefinition("upstream_cx_active", .gauge, "Connections open now")
        case .upstreamCxHTTP1Total:
            StatDefinition("upstream_cx_http1_total", .counter, "HTTP/1.1 connections made")
        case .upstreamCxHTTP2Total:
            StatDefinition("upstream_cx_http2_total", .counter, "HTTP/2 connections made")
        case .upstreamCxConnectFail:
            StatDefinition("upstream_cx_connect_fail", .counter, "Connection attempts that failed")
        case .upstreamCxConnectTimeout:
            StatDefinition(
                "upstream_cx_connect_timeout", .counter,
                "Connection attempts that took longer than connectTimeout")
        case .upstreamCxIdleTimeout:
            StatDefinition(
                "upstream_cx_idle_timeout", .counter,
                "Connections closed because they were idle for too long")
        case .upstreamCxDestroy:
            StatDefinition("upstream_cx_destroy", .counter, "Connections closed, by either side")
        case .upstreamCxDestroyLocal:
            StatDefinition("upstream_cx_destroy_local", .counter, "Connections closed by the proxy")
        case .upstreamCxDestroyRemote:
            StatDefinition(
                "upstream_cx_destroy_remote", .counter, "Connections closed by the endpoint")
        case .upstreamCxDestroyWithActiveRq:
            StatDefinition(
                "upstream_cx_destroy_with_active_rq", .counter,
                "Connections closed while a request was under way")
        case .upstreamCxRxBytesTotal:
            StatDefinition(
                "upstream_cx_rx_bytes_total", .counter, "Bytes received from the cluster")
        case .upstreamCxTxBytesTotal:
            StatDefinition("upstream_cx_tx_bytes_total", .counter, "Bytes sent to the cluster")
        case .upstreamCxOverflow:
            StatDefinition(
                "upstream_cx_overflow", .counter, "Times the limit of connections was reached")
        case .upstreamCxNoneHealthy:
            StatDefinition(
                "upstream_cx_none_healthy", .counter, "Times no endpoint was there to connect to")
        case .upstreamCxProtocolError:
            StatDefinition(
                "upstream_cx_protocol_error", .counter,
                "Connections on which the endpoint broke the protocol")
        case .upstreamCxMaxRequests:
            StatDefinition(
                "upstream_cx_max_requests", .counter,
                "Connections closed because they had served their share of requests")
        case .upstreamRqTotal:
            StatDefinition("upstream_rq_total", .counter, "Requests sent to the cluster")
        case .upstreamRqActive:
            StatDefinition("upstream_rq_active", .gauge, "Requests under way now")
        case .upstreamRqPendingTotal:
            StatDefinition(
                "upstream_rq_pending_total", .counter, "Requests that waited for a connection")
        case .upstreamRqPendingActive:
            StatDefinition(
                "upstream_rq_pending_active", .gauge, "Requests waiting for a connection now")
        case .upstreamRqPendingOverflow:
            StatDefinition(
                "upstream_rq_pending_overflow", .counter,
                "Requests refused because too many were waiting or under way")
        case .upstreamRqPendingFailureEject:
            StatDefinition(
                "upstream_rq_pending_failure_eject", .counter,
                "Waiting requests that failed because the connection failed")
        case .upstreamRqCancelled:
            StatDefinition(
                "upstream_rq_cancelled", .counter,
                "Requests whose client left before a connection was there")
        case .upstreamRqCompleted:
            StatDefinition("upstream_rq_completed", .counter, "Requests answered")
        case .upstreamRqTimeout:
            StatDefinition("upstream_rq_timeout", .counter, "Requests that reached their timeout")
        case .upstreamRqPerTryTimeout:
            StatDefinition(
                "upstream_rq_per_try_timeout", .counter,
                "Attempts that reached the timeout of a try")
        case .upstreamRqRetry:
            StatDefinition("upstream_rq_retry", .counter, "Attempts made again")
        case .upstreamRqRetrySuccess:
            StatDefinition(
                "upstream_rq_retry_success", .counter, "Attempts made again that succeeded")
        case .upstreamRqRetryLimitExceeded:
            StatDefinition(
                "upstream_rq_retry_limit_exceeded", .counter,
                "Failures not tried again because all attempts were used")
        case .upstreamRqRetryOverflow:
            StatDefinition(
                "upstream_rq_retry_overflow", .counter,
                "Failures not tried again because too many retries were under way")
        case .retryOrShadowAbandoned:
            StatDefinition(
                "retry_or_shadow_abandoned", .counter,
                "Requests not tried again or mirrored because their body was too long to keep")
        case .upstreamRqRxReset:
            StatDefinition("upstream_rq_rx_reset", .counter, "Requests ended early by the endpoint")
        case .upstreamRqTxReset:
            StatDefinition("upstream_rq_tx_reset", .counter, "Requests ended early by the proxy")
        case .upstreamRq1xx:
            StatDefinition(
                "upstream_rq_1xx", .counter, "Answers with a 1xx status", responseCodeClass: "1xx")
        case .upstreamRq2xx:
            StatDefinition(
                "upstream_rq_2xx", .counter, "Answers with a 2xx status", responseCodeClass: "2xx")
        case .upstreamRq3xx:
            StatDefinition(
                "upstream_rq_3xx", .counter, "Answers with a 3xx status", responseCodeClass: "3xx")
        case .upstreamRq4xx:
            StatDefinition(
                "upstream_rq_4xx", .counter, "Answers with a 4xx status", responseCodeClass: "4xx")
        case .upstreamRq5xx:
            StatDefinition(
                "upstream_rq_5xx", .counter, "Answers with a 5xx status", responseCodeClass: "5xx")
        case .sslHandshake:
            StatDefinition("ssl.handshake", .counter, "TLS handshakes completed")
        case .sslSessionReused:
            StatDefinition(
                "ssl.session_reused", .counter, "TLS handshakes that resumed a session")
        case .sslConnectionError:
            StatDefinition("ssl.connection_error", .counter, "TLS handshakes that failed")
        case .sslFailVerifySAN:
            StatDefinition(
                "ssl.fail_verify_san", .counter,
                "Endpoints whose certificate has none of the names asked for")
        case .sslFailVerifyError:
            StatDefinition(
                "ssl.fail_verify_error", .counter,
                "Endpoints whose certificate leads to no trusted CA, has ended or is revoked")
        case .sslContextMissing:
            StatDefinition(
                "ssl.context_missing", .counter,
                "Connections not made because a certificate or CA they need cannot be used")
        case .membershipTotal:
            StatDefinition("membership_total", .level, "Endpoints of the cluster")
        case .membershipHealthy:
            StatDefinition("membership_healthy", .level, "Endpoints that take requests")
        case .membershipChange:
            StatDefinition(
                "membership_change", .level, "Times the endpoints of the cluster changed")
        }
    }
}
