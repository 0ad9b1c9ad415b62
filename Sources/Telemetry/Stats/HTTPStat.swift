// What is counted about HTTP on one listener: requests, answers and what clients did wrong.
// The names are those of Envoy's HTTP connection manager, which is what dashboards for gateways
// read.

/// One HTTP listener's statistics, `http.outbound_0.0.0.0_8080.<name>`.
@frozen
public enum HTTPStat: Int, StatFamily {
    case downstreamCxTotal
    case downstreamCxActive
    case downstreamCxDestroy
    case downstreamCxDestroyRemote
    case downstreamCxDestroyLocal
    case downstreamCxDestroyActiveRq
    case downstreamCxHTTP1Total
    case downstreamCxHTTP1Active
    case downstreamCxHTTP2Total
    case downstreamCxHTTP2Active
    case downstreamCxUpgradesTotal
    case downstreamCxUpgradesActive
    case downstreamCxProtocolError
    case downstreamCxIdleTimeout
    case downstreamCxDrainClose
    case downstreamCxRxBytesTotal
    case downstreamCxTxBytesTotal
    case downstreamFlowControlPausedReadingTotal
    case downstreamRqTotal
    case downstreamRqActive
    case downstreamRqHTTP1Total
    case downstreamRqHTTP2Total
    case downstreamRqCompleted
    case downstreamRqRxReset
    case downstreamRqTxReset
    case downstreamRqNonRelativePath
    case downstreamRqTooLarge
    case downstreamRqTimeout
    case downstreamRqIdleTimeout
    case downstreamRqHeaderTimeout
    case downstreamRqOverloadClose
    case downstreamRqWsOnNonWsRoute
    case downstreamRq1xx
    case downstreamRq2xx
    case downstreamRq3xx
    case downstreamRq4xx
    case downstreamRq5xx
    case noRoute
    case noCluster
    case rqDirectResponse
    case rqRedirect
    case corsOriginValid
    case corsOriginInvalid
    case faultDelaysInjected
    case faultAbortsInjected
    case faultActive

    public var definition: StatDefinition {
        switch self {
        case .downstreamCxTotal:
            StatDefinition("downstream_cx_total", .counter, "HTTP connections accepted")
        case .downstreamCxActive:
            StatDefinition("downstream_cx_active", .gauge, "HTTP connections open now")
        case .downstreamCxDestroy:
            StatDefinition("downstream_cx_destroy", .counter, "HTTP connections closed")
        case .downstreamCxDestroyRemote:
            StatDefinition(
                "downstream_cx_destroy_remote", .counter, "HTTP connections closed by the client")
        case .downstreamCxDestroyLocal:
            StatDefinition(
                "downstream_cx_destroy_local", .counter, "HTTP connections closed by the proxy")
        case .downstreamCxDestroyActiveRq:
            StatDefinition(
                "downstream_cx_destroy_active_rq", .counter,
                "Connections closed while a request was under way")
        case .downstreamCxHTTP1Total:
            StatDefinition("downstream_cx_http1_total", .counter, "HTTP/1.1 connections accepted")
        case .downstreamCxHTTP1Active:
            StatDefinition("downstream_cx_http1_active", .gauge, "HTTP/1.1 connections open now")
        case .downstreamCxUpgradesTotal:
            StatDefinition(
                "downstream_cx_upgrades_total", .counter, "Connections that were upgraded")
        case .downstreamCxUpgradesActive:
            StatDefinition("downstream_cx_upgrades_active", .gauge, "Upgraded connections open now")
        case .downstreamCxProtocolError:
            StatDefinition(
                "downstream_cx_protocol_error", .counter,
                "Connections on which the client broke the protocol")
        case .downstreamCxIdleTimeout:
            StatDefinition(
                "downstream_cx_idle_timeout", .counter,
                "Connections closed because they were idle for too long")
        case .downstreamCxDrainClose:
            StatDefinition(
                "downstream_cx_drain_close", .counter,
                "Connections closed because the proxy was draining")
        case .downstreamCxRxBytesTotal:
            StatDefinition("downstream_cx_rx_bytes_total", .counter, "Bytes received from clients")
        case .downstreamCxTxBytesTotal:
            StatDefinition("downstream_cx_tx_bytes_total", .counter, "Bytes sent to clients")
        case .downstreamFlowControlPausedReadingTotal:
            StatDefinition(
                "downstream_flow_control_paused_reading_total", .counter,
                "Times reading stopped because the other side was slow")
        case .downstreamRqTotal:
            StatDefinition("downstream_rq_total", .counter, "Requests received")
        case .downstreamRqActive:
            StatDefinition("downstream_rq_active", .gauge, "Requests under way now")
        case .downstreamCxHTTP2Total:
            StatDefinition(
                "downstream_cx_http2_total", .counter, "HTTP/2 connections accepted")
        case .downstreamCxHTTP2Active:
            StatDefinition("downstream_cx_http2_active", .gauge, "HTTP/2 connections open now")
        case .downstreamRqHTTP2Total:
            StatDefinition("downstream_rq_http2_total", .counter, "HTTP/2 requests received")
        case .downstreamRqHTTP1Total:
            StatDefinition("downstream_rq_http1_total", .counter, "HTTP/1.1 requests received")
        case .downstreamRqCompleted:
            StatDefinition("downstream_rq_completed", .counter, "Requests answered")
        case .downstreamRqRxReset:
            StatDefinition("downstream_rq_rx_reset", .counter, "Requests ended early by the client")
        case .downstreamRqTxReset:
            StatDefinition("downstream_rq_tx_reset", .counter, "Requests ended early by the proxy")
        case .downstreamRqNonRelativePath:
            StatDefinition("downstream_rq_non_relative_path", .counter, "Requests in absolute form")
        case .downstreamRqTooLarge:
            StatDefinition(
                "downstream_rq_too_large", .counter,
                "Requests whose body was larger than what may be buffered")
        case .downstreamRqTimeout:
            StatDefinition(
                "downstream_rq_timeout", .counter, "Requests that did not arrive in time")
        case .downstreamRqIdleTimeout:
            StatDefinition(
                "downstream_rq_idle_timeout", .counter,
                "Requests closed because nothing moved for too long")
        case .downstreamRqHeaderTimeout:
            StatDefinition(
                "downstream_rq_header_timeout", .counter,
                "Requests whose head did not arrive in time")
        case .downstreamRqOverloadClose:
            StatDefinition(
                "downstream_rq_overload_close", .counter,
                "Requests refused because the proxy was overloaded")
        case .downstreamRqWsOnNonWsRoute:
            StatDefinition(
                "downstream_rq_ws_on_non_ws_route", .counter,
                "Upgrades refused because the route does not take them")
        case .downstreamRq1xx:
            StatDefinition(
                "downstream_rq_1xx", .counter,
                "Answers with a 1xx status", responseCodeClass: "1xx")
        case .downstreamRq2xx:
            StatDefinition(
                "downstream_rq_2xx", .counter,
                "Answers with a 2xx status", responseCodeClass: "2xx")
        case .downstreamRq3xx:
            StatDefinition(
                "downstream_rq_3xx", .counter,
                "Answers with a 3xx status", responseCodeClass: "3xx")
        case .downstreamRq4xx:
            StatDefinition(
                "downstream_rq_4xx", .counter,
                "Answers with a 4xx status", responseCodeClass: "4xx")
        case .downstreamRq5xx:
            StatDefinition(
                "downstream_rq_5xx", .counter,
                "Answers with a 5xx status", responseCodeClass: "5xx")
        case .noRoute:
            StatDefinition("no_route", .counter, "Requests no route matched")
        case .noCluster:
            StatDefinition(
                "no_cluster", .counter,
                "Requests whose route names a destination that does not exist")
        case .rqDirectResponse:
            StatDefinition("rq_direct_response", .counter, "Requests answered by a route itself")
        case .rqRedirect:
            StatDefinition("rq_redirect", .counter, "Requests answered with a redirect")
        case .corsOriginValid:
            StatDefinition(
                "cors.origin_valid", .counter,
                "Requests of sites that the route's corsPolicy allows")
        case .corsOriginInvalid:
            StatDefinition(
                "cors.origin_invalid", .counter,
                "Requests of sites that the route's corsPolicy does not allow")
        case .faultDelaysInjected:
            StatDefinition(
                "fault.delays_injected", .counter, "Requests held up on purpose")
        case .faultAbortsInjected:
            StatDefinition(
                "fault.aborts_injected", .counter, "Requests answered with an error on purpose")
        case .faultActive:
            StatDefinition("fault.active_faults", .gauge, "Requests being held up now")
        }
    }
}
