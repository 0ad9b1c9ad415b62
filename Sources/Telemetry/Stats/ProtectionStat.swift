// What is counted where a cluster is protected from too many requests, or requests from endpoints
// that fail. A family of its own beside ClusterStat's: most clusters have neither limits nor
// outlier detection, and pay for neither.

/// Also `cluster.outbound|80||host.<name>`.
@frozen
public enum ProtectionStat: Int, StatFamily {
    case cxMaxDurationReached
    case http2KeepaliveTimeout
    case cxOpen
    case rqPendingOpen
    case rqOpen
    case rqRetryOpen
    case ejectionsActive
    case ejectionsTotal
    case ejectionsOverflow
    case ejectionsEnforcedTotal
    case ejectionsConsecutive5xx
    case ejectionsDetectedConsecutive5xx
    case ejectionsEnforcedConsecutive5xx
    case ejectionsDetectedConsecutiveGatewayFailure
    case ejectionsEnforcedConsecutiveGatewayFailure
    case ejectionsDetectedConsecutiveLocalOriginFailure
    case ejectionsEnforcedConsecutiveLocalOriginFailure

    public var definition: StatDefinition {
        switch self {
        case .cxMaxDurationReached:
            StatDefinition(
                "upstream_cx_max_duration_reached", .counter,
                "Connections that took no more requests because they were old enough")
        case .http2KeepaliveTimeout:
            StatDefinition(
                "http2.keepalive_timeout", .counter,
                "Connections closed because the endpoint did not answer a PING")
        case .cxOpen:
            StatDefinition(
                "circuit_breakers.default.cx_open", .level,
                "Whether there are as many connections as there may be")
        case .rqPendingOpen:
            StatDefinition(
                "circuit_breakers.default.rq_pending_open", .level,
                "Whether as many requests wait for a connection as may")
        case .rqOpen:
            StatDefinition(
                "circuit_breakers.default.rq_open", .level,
                "Whether as many requests are under way as may be")
        case .rqRetryOpen:
            StatDefinition(
                "circuit_breakers.default.rq_retry_open", .level,
                "Whether as many tries are made again as may be")
        case .ejectionsActive:
            StatDefinition(
                "outlier_detection.ejections_active", .level, "Endpoints that are left out now")
        case .ejectionsTotal:
            StatDefinition(
                "outlier_detection.ejections_total", .counter,
                "Endpoints left out because of 5xx answers in a row (deprecated)")
        case .ejectionsOverflow:
            StatDefinition(
                "outlier_detection.ejections_overflow", .counter,
                "Endpoints not left out because maxEjectionPercent of them are already")
        case .ejectionsEnforcedTotal:
            StatDefinition(
                "outlier_detection.ejections_enforced_total", .counter,
                "Endpoints left out, for whatever reason")
        case .ejectionsConsecutive5xx:
            StatDefinition(
                "outlier_detection.ejections_consecutive_5xx", .counter,
                "Times an endpoint had too many 5xx answers in a row (deprecated)")
        case .ejectionsDetectedConsecutive5xx:
            StatDefinition(
                "outlier_detection.ejections_detected_consecutive_5xx", .counter,
                "Times an endpoint had too many 5xx answers in a row")
        case .ejectionsEnforcedConsecutive5xx:
            StatDefinition(
                "outlier_detection.ejections_enforced_consecutive_5xx", .counter,
                "Endpoints left out because of 5xx answers in a row")
        case .ejectionsDetectedConsecutiveGatewayFailure:
            StatDefinition(
                "outlier_detection.ejections_detected_consecutive_gateway_failure", .counter,
                "Times an endpoint had too many gateway errors in a row")
        case .ejectionsEnforcedConsecutiveGatewayFailure:
            StatDefinition(
                "outlier_detection.ejections_enforced_consecutive_gateway_failure", .counter,
                "Endpoints left out because of gateway errors in a row")
        case .ejectionsDetectedConsecutiveLocalOriginFailure:
            StatDefinition(
                "outlier_detection.ejections_detected_consecutive_local_origin_failure", .counter,
                "Times an endpoint had too many failed connections in a row")
        case .ejectionsEnforcedConsecutiveLocalOriginFailure:
            StatDefinition(
                "outlier_detection.ejections_enforced_consecutive_local_origin_failure", .counter,
                "Endpoints left out because of failed connections in a row")
        }
    }
}

public typealias ProtectionStats = StatTable<ProtectionStat>
