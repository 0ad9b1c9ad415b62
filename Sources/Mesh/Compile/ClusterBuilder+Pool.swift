// From what rules say about connections and failing endpoints to the numbers a cluster acts on.
// Istio's defaults are filled in here (cluster_traffic_policy.go), so the data plane has none.
internal import Spec

extension ClusterBuilder {
    /// What holds for the connections to the workload itself: what its Sidecar says, else the
    /// DestinationRule of the service it belongs to, as its callers see it.
    func inboundPool(_ key: ClusterKey, _ target: InboundTarget) -> InboundTarget.Pool {
        if let own = target.pool { return own }
        guard let service = registry.service(key.host, in: key.namespace) else {
            return InboundTarget.Pool(nil)
        }
        let policy = rules.rule(for: service)?.policy(port: target.servicePort, subset: "")
        return InboundTarget.Pool(policy?.connectionPool)
    }
}

extension InboundTarget.Pool {
    init(_ settings: ConnectionPoolSettings?) {
        connectTimeoutMs =
            settings?.tcp?.connectTimeout.map(ClusterBuilder.milliseconds) ?? 10_000
        policy = PoolPolicy(settings)
    }
}

extension PoolPolicy {
    /// nil where the settings ask for nothing that a connection without any would not do.
    convenience init?(
        _ settings: ConnectionPoolSettings?, retryBudget: TrafficPolicy.RetryBudget? = nil
    ) {
        guard settings != nil || retryBudget != nil else { return nil }
        let (tcp, http) = (settings?.tcp, settings?.http)
        var limits = Limits()
        limits.connections = Self.limit(tcp?.maxConnections)
        limits.pendingRequests = Self.limit(http?.http1MaxPendingRequests)
        limits.requests = Self.limit(http?.http2MaxRequests)
        limits.retries = Self.limit(http?.maxRetries)
        limits.retryBudget = retryBudget.map { RetryBudget($0) }
        var lifetime = Lifetime()
        lifetime.requests = UInt32(clamping: http?.maxRequestsPerConnection ?? 0)
        lifetime.durationMs = tcp?.maxConnectionDuration.map(Self.timeout) ?? 0
        lifetime.tcpIdleMs = tcp?.idleTimeout.map(Self.timeout)
        lifetime.httpIdleMs = http?.idleTimeout.map(Self.timeout) ?? lifetime.tcpIdleMs
        let keepalive = tcp?.tcpKeepalive.map { Keepalive($0) }
        let streams = Self.limit(http?.maxConcurrentStreams)
        var pings: Pings?
        if let asked = http?.http2KeepAlive, let interval = asked.interval,
            let timeout = asked.timeout
        {
            pings = Pings(
                intervalMs: ClusterBuilder.milliseconds(interval),
                timeoutMs: ClusterBuilder.milliseconds(timeout))
        }
        guard
            limits != Limits() || lifetime != Lifetime() || keepalive != nil || pings != nil
                || streams != .max
        else { return nil }
        self.init(
            limits: limits == Limits() ? nil : limits, lifetime: lifetime, keepalive: keepalive,
            concurrentStreams: streams, pings: pings)
    }

    /// 0 is what protobuf makes of nothing said.
    private static func limit(_ written: Int32?) -> UInt32 {
        guard let written, written > 0 else { return .max }
        return UInt32(written)
    }

    /// 0 switches a timeout off.
    private static func timeout(_ written: Duration) -> UInt32 {
        written == .zero ? 0 : ClusterBuilder.milliseconds(written)
    }
}

extension PoolPolicy.RetryBudget {
    /// Envoy's defaults where nothing is said: 20 %, and never fewer than 3.
    fileprivate init(_ settings: TrafficPolicy.RetryBudget) {
        let percent = min(max(settings.percent ?? 20, 0), 100)
        let interval = settings.budgetInterval ?? .zero
        self.init(
            share: UInt32((percent * 10_000).rounded()), least: settings.minRetryConcurrency ?? 3,
            intervalMs: interval == .zero ? 0 : ClusterBuilder.milliseconds(interval))
    }
}

extension PoolPolicy.Keepalive {
    fileprivate init(_ settings: ConnectionPoolSettings.Keepalive) {
        self.init()
        probes = settings.probes ?? 0
        idleSeconds = settings.time.map(Self.seconds) ?? 0
        intervalSeconds = settings.interval.map(Self.seconds) ?? 0
    }

    /// The system counts in whole seconds; Istio drops the rest as well.
    private static func seconds(_ duration: Duration) -> UInt32 {
        max(1, UInt32(clamping: duration.components.seconds))
    }
}

extension OutlierPolicy {
    convenience init?(_ settings: OutlierDetection?) {
        guard let settings else { return nil }
        var all: UInt32 = 5
        var gateway: UInt32 = 0
        if let old = settings.consecutiveErrors, old > 0 {
            // Until Istio 1.6: so many gateway errors in a row, and nothing else.
            gateway = UInt32(old)
            all = 0
        }
        if let written = settings.consecutive5xxErrors { all = written }
        if let written = settings.consecutiveGatewayErrors { gateway = written }
        let splits = settings.splitExternalLocalOriginErrors
        let percent = settings.maxEjectionPercent ?? 0
        let codes = settings.outlierDetectionHttpErrorCodes.map { UInt16(clamping: $0) }
        self.init(
            consecutive5xx: all, consecutiveGatewayErrors: gateway,
            consecutiveLocalOriginFailures: splits
                ? settings.consecutiveLocalOriginFailures ?? 5 : 0,
            splitsLocalOrigin: splits, errorCodes: codes.isEmpty ? nil : codes.sorted(),
            intervalMs: Self.milliseconds(settings.interval) ?? 10_000,
            baseEjectionMs: Self.milliseconds(settings.baseEjectionTime) ?? 30_000,
            maxEjectionPercent: percent > 0 ? UInt32(min(percent, 100)) : 10,
            minHealthPercent: UInt32(max(0, min(settings.minHealthPercent ?? 0, 100))))
    }

    private static func milliseconds(_ duration: Duration?) -> UInt64? {
        duration.map { UInt64(ClusterBuilder.milliseconds($0)) }
    }
}

extension ClusterBuilder {
    /// Requests do not go through a tunnel, in Istio neither: whoever writes one for them has
    /// something else in mind.
    mutating func tellOfTunnel(
        _ policy: TrafficPolicy.Blocks?, _ service: RegisteredService, _ key: ClusterKey,
        _ rule: MergedRule?
    ) {
        guard let tunnel = policy?.tunnel, let object = rule?.rules.first,
            service.port(key.port)?.protocolName.isHTTP == true
        else { return }
        findings.report(
            .warning, object, at: tunnel.position, "spec.trafficPolicy.tunnel",
            "port \(key.port) of \(key.host) is one of HTTP: its requests go to the endpoint "
                + "itself, and through no tunnel",
            advice: "a tunnel is for `tcp` and `tls` routes: declare the port as TCP")
    }
}

extension TunnelPolicy {
    /// CONNECT where nothing is said (Istio's default).
    convenience init(_ settings: TrafficPolicy.TunnelSettings) {
        let host = settings.targetHost
        self.init(
            method: settings.protocolName.uppercased() == "POST" ? .post : .connect,
            target: "\(host.contains(":") ? "[\(host)]" : host):\(settings.targetPort)")
    }
}
