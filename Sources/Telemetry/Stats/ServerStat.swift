// What is known about the process as a whole, whichever loop one asks.
// The names are Envoy's, with their scope in front, as /stats prints them.

/// The process's statistics; the names carry their scope, `server.uptime`.
@frozen
public enum ServerStat: Int, StatFamily {
    case uptime
    case concurrency
    case live
    case state
    case parentConnections
    case totalConnections
    case memoryAllocated
    case version
    case listenerManagerTotalListenersActive
    case listenerManagerListenerCreateFailure
    case listenerManagerWorkersStarted
    case clusterManagerActiveClusters
    case dnsCaresResolveTotal
    case dnsCaresPendingResolutions
    case dnsCaresNotFound
    case dnsCaresTimeout
    case dnsCaresGetAddrFailure

    public var definition: StatDefinition {
        switch self {
        case .uptime:
            StatDefinition("server.uptime", .level, "Seconds since the start")
        case .concurrency:
            StatDefinition("server.concurrency", .level, "Worker threads")
        case .live:
            StatDefinition(
                "server.live", .level,
                "1 while the proxy takes requests, 0 while it starts or drains")
        case .state:
            StatDefinition(
                "server.state", .level,
                "0 live, 1 draining, 2 before the first configuration, 3 starting")
        case .parentConnections:
            StatDefinition(
                "server.parent_connections", .level,
                "Connections still open in the process this one replaced")
        case .totalConnections:
            StatDefinition(
                "server.total_connections", .level, "Connections open now, of all listeners")
        case .memoryAllocated:
            StatDefinition("server.memory_allocated", .level, "Bytes of resident memory")
        case .version:
            StatDefinition("server.version", .level, "The version as one number, 1.2.3 as 10203")
        case .listenerManagerTotalListenersActive:
            StatDefinition(
                "listener_manager.total_listeners_active", .level,
                "Listeners that accept connections")
        case .listenerManagerListenerCreateFailure:
            StatDefinition(
                "listener_manager.listener_create_failure", .level,
                "Listeners whose address could not be bound")
        case .listenerManagerWorkersStarted:
            StatDefinition("listener_manager.workers_started", .level, "1 once every worker runs")
        case .clusterManagerActiveClusters:
            StatDefinition(
                "cluster_manager.active_clusters", .level, "Clusters of the live configuration")
        case .dnsCaresResolveTotal:
            StatDefinition("dns.cares.resolve_total", .counter, "Host names looked up")
        case .dnsCaresPendingResolutions:
            StatDefinition(
                "dns.cares.pending_resolutions", .level, "Host names being looked up now")
        case .dnsCaresNotFound:
            StatDefinition(
                "dns.cares.not_found", .counter, "Look-ups that found that there is no address")
        case .dnsCaresTimeout:
            StatDefinition("dns.cares.timeout", .counter, "Look-ups that nobody answered in time")
        case .dnsCaresGetAddrFailure:
            StatDefinition(
                "dns.cares.get_addr_failure", .counter, "Look-ups that failed in another way")
        }
    }
}
