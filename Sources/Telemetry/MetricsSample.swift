// A copy of the statistics at one moment; what renderers read.
// A value, so that a loop hands it over and goes on, and a slow scrape holds nothing up.

/// The statistics of one loop or, merged, of the process.
public struct MetricsSample: Sendable {
    /// By cluster name, `outbound|80||host`.
    public var clusters: [String: StatValues<ClusterStat>] = [:]
    /// By cluster name, for those whose endpoints are host names; filled in by whoever merges, as
    /// no loop looks names up for itself.
    public var discoveries: [String: StatValues<DiscoveryStat>] = [:]
    /// By cluster name as well, for clusters with limits or outlier detection.
    public var protection: [String: StatValues<ProtectionStat>] = [:]
    /// By address, `0.0.0.0_8080`.
    public var listeners: [String: StatValues<ListenerStat>] = [:]
    /// By stat prefix, `outbound_0.0.0.0_8080`.
    public var http: [String: StatValues<HTTPStat>] = [:]
    public var routes: [RouteStatKey: StatValues<RouteStat>] = [:]
    public var requests: [IstioLabels: RequestValues] = [:]
    public var tcp: [IstioLabels: TCPValues] = [:]
    /// The process's own; filled in by whoever merges, not by a loop.
    public var server = StatValues<ServerStat>()
    public var config = StatValues<ConfigStat>()
    /// What `istio_build` calls the version.
    public var version = ""

    public init() {}

    /// The samples of all loops as one.
    public static func merge(_ samples: [MetricsSample]) -> MetricsSample {
        guard var whole = samples.first else { return MetricsSample() }
        for sample in samples.dropFirst() { whole.merge(sample) }
        return whole
    }

    public mutating func merge(_ other: MetricsSample) {
        Self.merge(&clusters, other.clusters)
        Self.merge(&protection, other.protection)
        Self.merge(&listeners, other.listeners)
        Self.merge(&http, other.http)
        Self.merge(&routes, other.routes)
        requests.merge(other.requests) { mine, theirs in
            var sum = mine
            sum.merge(theirs)
            return sum
        }
        tcp.merge(other.tcp) { mine, theirs in
            var sum = mine
            sum.merge(theirs)
            return sum
        }
        server.merge(other.server)
        config.merge(other.config)
        if version.isEmpty { version = other.version }
    }

    private static func merge<Key, Family>(
        _ mine: inout [Key: StatValues<Family>], _ theirs: [Key: StatValues<Family>]
    ) {
        for (name, values) in theirs { mine[name, default: StatValues()].merge(values) }
    }
}
