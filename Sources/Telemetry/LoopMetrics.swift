// Everything one loop counts.
// Each loop has its own, so that counting needs no lock; the admin thread asks every loop for a
// sample and adds the samples up.

/// The statistics of one loop, used on that loop's thread alone. What has never been asked for
/// does not exist, so ten thousand idle clusters cost nothing.
public final class LoopMetrics {
    private var clusters: [String: ClusterStats] = [:]
    private var protection: [String: ProtectionStats] = [:]
    private var listeners: [String: ListenerStats] = [:]
    private var http: [String: HTTPStats] = [:]
    private var routes: [RouteStatKey: RouteStats] = [:]
    private var requests: [IstioLabels: RequestSeries] = [:]
    private var tcp: [IstioLabels: TCPSeries] = [:]
    private let seriesMax: Int

    public init(seriesMax: Int = TelemetryLimits.seriesMax) {
        self.seriesMax = seriesMax
    }

    /// The statistics of a cluster, made at its first use.
    /// - Parameter name: `outbound|80||httpbin.default.svc.cluster.local`
    public func cluster(_ name: String) -> ClusterStats {
        Self.table(for: name, in: &clusters)
    }

    /// The statistics of a cluster's limits and ejections, for clusters that have any.
    public func protection(_ name: String) -> ProtectionStats {
        Self.table(for: name, in: &protection)
    }

    /// The statistics of a listener. - Parameter name: `0.0.0.0_8080`
    public func listener(_ name: String) -> ListenerStats {
        Self.table(for: name, in: &listeners)
    }

    /// The HTTP statistics of a listener. - Parameter prefix: `outbound_0.0.0.0_8080`
    public func http(_ prefix: String) -> HTTPStats {
        Self.table(for: prefix, in: &http)
    }

    /// The statistics of a route that has its own; beyond the limit of series they are nobody's.
    public func route(_ key: RouteStatKey) -> RouteStats {
        if let known = routes[key] { return known }
        let table = RouteStats()
        if routes.count < seriesMax { routes[key] = table }
        return table
    }

    private static func table<Family>(
        for name: String, in tables: inout [String: StatTable<Family>]
    ) -> StatTable<Family> {
        if let known = tables[name] { return known }
        let table = StatTable<Family>()
        tables[name] = table
        return table
    }

    /// The request metrics for these labels; look them up once and keep the result.
    public func requestSeries(labels: IstioLabels) -> RequestSeries {
        if let known = requests[labels] { return known }
        let labels = requests.count < seriesMax ? labels : .beyondLimit
        if let known = requests[labels] { return known }
        let series = RequestSeries()
        requests[labels] = series
        return series
    }

    /// The TCP metrics for these labels; look them up once and keep the result.
    public func tcpSeries(labels: IstioLabels) -> TCPSeries {
        if let known = tcp[labels] { return known }
        let labels = tcp.count < seriesMax ? labels : .beyondLimit
        if let known = tcp[labels] { return known }
        let series = TCPSeries()
        tcp[labels] = series
        return series
    }

    /// Forgets the clusters that left the configuration. Who still holds such a table may go on
    /// counting; nobody will see it.
    public func removeClusters(where isGone: (String) -> Bool) {
        clusters = clusters.filter { !isGone($0.key) }
        protection = protection.filter { !isGone($0.key) }
    }

    /// Envoy's `/reset_counters`. Istio's series stay: Prometheus counters never go back.
    public func resetCounters() {
        for table in clusters.values { table.resetCounters() }
        for table in protection.values { table.resetCounters() }
        for table in listeners.values { table.resetCounters() }
        for table in http.values { table.resetCounters() }
        for table in routes.values { table.resetCounters() }
    }

    /// A copy of everything, for another thread.
    public func sample() -> MetricsSample {
        var sample = MetricsSample()
        sample.clusters = clusters.mapValues(\.values)
        sample.protection = protection.mapValues(\.values)
        sample.listeners = listeners.mapValues(\.values)
        sample.http = http.mapValues(\.values)
        sample.routes = routes.mapValues(\.values)
        sample.requests = requests.mapValues(\.values)
        sample.tcp = tcp.mapValues(\.values)
        return sample
    }
}

extension IstioLabels {
    /// Where series are counted once there are too many.
    static var beyondLimit: IstioLabels {
        var labels = IstioLabels()
        labels.requestProtocol = ""
        return labels
    }
}
