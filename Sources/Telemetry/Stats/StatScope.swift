// Where a family's statistics are found and what they are called there.
// One list of scopes serves /stats and /stats/prometheus, so that both show the same things.

/// The tables of one family, sorted by name, with both spellings of their scope.
struct StatScope<Family: StatFamily> {
    struct Table {
        let name: String
        /// Of the scope's labels; the second is empty where there is but one.
        let labelValues: (String, String)
        let values: StatValues<Family>
        let isUsed: Bool

        init(name: String, values: StatValues<Family>) {
            self.init(name: name, labelValues: (name, ""), values: values)
        }

        init(name: String, labelValues: (String, String), values: StatValues<Family>) {
            self.name = name
            self.labelValues = labelValues
            self.values = values
            isUsed = values.isUsed
        }
    }

    /// `cluster.`; in front of the table's name in `/stats`.
    let prefix: String
    /// `envoy_cluster_`; in front of the statistic's name in Prometheus.
    let metricPrefix: String
    /// `cluster_name`; nil where there is one table alone.
    let label: String?
    /// Of tables that are named by two things.
    var secondLabel: String?
    let tables: [Table]

    init(
        prefix: String, metricPrefix: String, label: String,
        tables: [String: StatValues<Family>]
    ) {
        self.prefix = prefix
        self.metricPrefix = metricPrefix
        self.label = label
        self.tables = tables.map { Table(name: $0.key, values: $0.value) }
            .sorted { $0.name < $1.name }
    }

    init(
        prefix: String, metricPrefix: String, label: String, secondLabel: String, tables: [Table]
    ) {
        self.prefix = prefix
        self.metricPrefix = metricPrefix
        self.label = label
        self.secondLabel = secondLabel
        self.tables = tables.sorted { $0.name < $1.name }
    }

    /// The one table of the process.
    init(prefix: String, metricPrefix: String, values: StatValues<Family>) {
        self.prefix = prefix
        self.metricPrefix = metricPrefix
        self.label = nil
        self.tables = [Table(name: "", values: values)]
    }

    var tablesByName: [String: Table] {
        Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// `cluster.outbound|80||host.upstream_rq_total`
    func appendName(of stat: Family, in table: String, to out: inout [UInt8]) {
        out.append(prefix)
        if label != nil {
            out.append(table)
            out.append(UInt8(ascii: "."))
        }
        out.append(stat.definition.name)
    }
}

/// Which statistics a reader asked for.
struct StatSelection {
    let usedOnly: Bool
    /// Gets `cluster.outbound|80||host.upstream_rq_total`.
    let filter: ((String) -> Bool)?

    /// Envoy's `usedonly` keeps counters that have counted, and all gauges of a thing that has
    /// counted anything: a gauge back at zero still tells something.
    func wants<Family>(
        _ stat: Family, of table: StatScope<Family>.Table, in scope: StatScope<Family>
    ) -> Bool {
        if usedOnly && table.values[stat] == 0 {
            if !table.isUsed || stat.definition.kind == .counter { return false }
        }
        guard let filter else { return true }
        var name: [UInt8] = []
        scope.appendName(of: stat, in: table.name, to: &name)
        return filter(String(decoding: name, as: UTF8.self))
    }
}

extension MetricsSample {
    var clusterScope: StatScope<ClusterStat> {
        StatScope(
            prefix: "cluster.", metricPrefix: "envoy_cluster_", label: "cluster_name",
            tables: clusters)
    }
    var discoveryScope: StatScope<DiscoveryStat> {
        StatScope(
            prefix: "cluster.", metricPrefix: "envoy_cluster_", label: "cluster_name",
            tables: discoveries)
    }
    var protectionScope: StatScope<ProtectionStat> {
        StatScope(
            prefix: "cluster.", metricPrefix: "envoy_cluster_", label: "cluster_name",
            tables: protection)
    }
    var httpScope: StatScope<HTTPStat> {
        StatScope(
            prefix: "http.", metricPrefix: "envoy_http_", label: "http_conn_manager_prefix",
            tables: http)
    }
    var listenerScope: StatScope<ListenerStat> {
        StatScope(
            prefix: "listener.", metricPrefix: "envoy_listener_", label: "listener_address",
            tables: listeners)
    }
    /// Envoy's `vhost.<virtual host>.route.<stat prefix>.`
    var routeScope: StatScope<RouteStat> {
        StatScope(
            prefix: "vhost.", metricPrefix: "envoy_vhost_route_", label: "envoy_virtual_host",
            secondLabel: "envoy_route",
            tables: routes.map { key, values in
                StatScope<RouteStat>.Table(
                    name: "\(key.virtualHost).route.\(key.route)",
                    labelValues: (key.virtualHost, key.route), values: values)
            })
    }
    var serverScope: StatScope<ServerStat> {
        StatScope(prefix: "", metricPrefix: "envoy_", values: server)
    }
    var configScope: StatScope<ConfigStat> {
        StatScope(prefix: "isthmus.", metricPrefix: "isthmus_", values: config)
    }
}
