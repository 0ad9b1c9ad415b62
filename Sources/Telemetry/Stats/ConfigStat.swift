// What is known about the configuration: which one is live, and how reloads went.
// Envoy has no such family, its configuration comes from a control plane; these are our own names.

/// Our own statistics, `isthmus.<name>`.
@frozen
public enum ConfigStat: Int, StatFamily {
    case configReloadsTotal
    case configReloadFailuresTotal
    case configLastReloadSuccessful
    case configLastSuccessTimestampSeconds
    case configVersion
    case configObjects
    case configWarnings
    case configLoadMicroseconds
    case snapshotLiveWorkers
    case accessLogLinesDroppedTotal
    case tlsCredentialErrors
    case identityNotAfterSeconds
    case identitySecondsToExpiry
    case identityRenewalsTotal
    case identityRequestsTotal
    case identityFailuresTotal
    case identityIsOverdue
    case dnsNames
    case dnsStaleNames
    case dnsCachedNames
    case dnsCacheOverflowsTotal
    case egressBlockedHostsTotal
    case egressBlockedPortsTotal
    case egressBlockedAddressesTotal
    case egressBlockedConnectionsTotal

    public var definition: StatDefinition {
        switch self {
        case .configReloadsTotal:
            StatDefinition(
                "config_reloads_total", .counter, "Configurations that went live after the first")
        case .configReloadFailuresTotal:
            StatDefinition(
                "config_reload_failures_total", .counter,
                "Configurations that were refused; the one before stayed live")
        case .configLastReloadSuccessful:
            StatDefinition(
                "config_last_reload_successful", .level,
                "1 when the files as they are now are live, 0 when they were refused")
        case .configLastSuccessTimestampSeconds:
            StatDefinition(
                "config_last_success_timestamp_seconds", .level,
                "When the live configuration went live, in seconds since 1970")
        case .configVersion:
            StatDefinition("config_version", .level, "Number of the live configuration")
        case .configObjects:
            StatDefinition("config_objects", .level, "Objects read from the configuration's files")
        case .configWarnings:
            StatDefinition("config_warnings", .level, "Warnings about the live configuration")
        case .configLoadMicroseconds:
            StatDefinition(
                "config_load_microseconds", .level,
                "How long reading and compiling the live configuration took")
        case .snapshotLiveWorkers:
            StatDefinition(
                "snapshot_live_workers", .level, "Workers that serve by the live configuration")
        case .accessLogLinesDroppedTotal:
            StatDefinition(
                "access_log_lines_dropped_total", .counter,
                "Access log lines lost because the log could not be written")
        case .tlsCredentialErrors:
            StatDefinition(
                "tls_credential_errors", .level,
                "TLS servers whose certificate is missing or cannot be used")
        case .identityNotAfterSeconds:
            StatDefinition(
                "identity_not_after_seconds", .level,
                "When this proxy's own certificate ends, in seconds since 1970; 0 without one")
        case .identitySecondsToExpiry:
            StatDefinition(
                "identity_seconds_to_expiry", .level,
                "How long this proxy's own certificate is still valid; 0 once it is over")
        case .identityRenewalsTotal:
            StatDefinition(
                "identity_renewals_total", .counter,
                "Certificates of this proxy's own that took the place of one before")
        case .identityRequestsTotal:
            StatDefinition(
                "identity_requests_total", .counter,
                "Times this proxy asked its authority for a certificate")
        case .identityFailuresTotal:
            StatDefinition(
                "identity_failures_total", .counter,
                "Times it got none, or files of an identity could not be used")
        case .identityIsOverdue:
            StatDefinition(
                "identity_is_overdue", .level,
                "1 when the certificate should have been renewed long ago, before it ends")
        case .dnsNames:
            StatDefinition(
                "dns_names", .level, "Host names of endpoints whose addresses are kept fresh")
        case .dnsStaleNames:
            StatDefinition(
                "dns_stale_names", .level,
                "Host names that are served by an old answer because the resolver fails")
        case .dnsCachedNames:
            StatDefinition(
                "dns_cached_names", .level,
                "Host names that requests have named lately, over all workers")
        case .dnsCacheOverflowsTotal:
            StatDefinition(
                "dns_cache_overflows_total", .counter,
                "Requests whose host found no room there, or too many that wait for DNS")
        case .egressBlockedHostsTotal:
            StatDefinition(
                "egress_blocked_hosts_total", .counter,
                "Calls to hosts that no object describes, or not on the port they name")
        case .egressBlockedPortsTotal:
            StatDefinition(
                "egress_blocked_ports_total", .counter,
                "Tunnels asked for to ports of HTTP, whose rules they would go round")
        case .egressBlockedAddressesTotal:
            StatDefinition(
                "egress_blocked_addresses_total", .counter,
                "Calls to names that lead to addresses of the inside, or to such addresses")
        case .egressBlockedConnectionsTotal:
            StatDefinition(
                "egress_blocked_connections_total", .counter,
                "Redirected connections that were meant for nobody an object describes")
        }
    }
}
