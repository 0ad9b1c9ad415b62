// From what routes refer to, to clusters with their policy and endpoints.
// What is the same as before stays the same object, endpoint by endpoint, so that connection pools
// that hang on it live on.
internal import Spec

struct ClusterBuilder {
    let registry: ServiceRegistry
    let rules: DestinationRuleIndex
    let directory: EndpointDirectory
    let security: EndpointSecurity
    let secrets: SecretDirectory
    private(set) var previous: [String: Cluster]
    /// Where the workloads of this proxy's own service stand, itself among them: who else calls.
    let callers: [Locality]
    var findings = Findings()
    /// See ClusterBuilder+Dynamic.swift.
    var listedAddresses: [DynamicHosts.Exception]?

    init(
        registry: ServiceRegistry, rules: DestinationRuleIndex, directory: EndpointDirectory,
        security: EndpointSecurity, secrets: SecretDirectory, previous: Snapshot?
    ) {
        self.registry = registry
        self.rules = rules
        self.directory = directory
        self.security = security
        self.secrets = secrets
        callers = directory.callers(like: security.node, registry)
        self.previous = Dictionary(
            (previous?.clusters ?? []).map { ($0.name, $0) }, uniquingKeysWith: { old, _ in old })
    }

    mutating func cluster(_ key: ClusterKey) -> Cluster? {
        switch key.use {
        case .inbound(let target): return inbound(key, to: target)
        case .original(let origin): return undescribed(key, goesOn: true, origin)
        case .blackHole(let origin): return undescribed(key, goesOn: false, origin)
        case .outbound, .passthrough: break
        }
        guard let service = registry.service(key.host, in: key.namespace) else { return nil }
        let merged = rules.rule(for: service)
        let old = previous[key.name]
        let all = directory.endpoints(of: service, port: key.port)
        var members = all
        if let subset = merged?.subset(key.subset)?.subset {
            members = all.filter { $0.labels.satisfies(subset.labels) }
        }
        let policy = merged?.policy(port: key.port, subset: key.subset)
        let dynamic = dynamicHosts(of: service, key, merged)
        let original = dynamic == nil ? original(of: service, key, merged, policy) : nil
        tellOfOutliers(policy, of: service, key, merged, isOriginal: original != nil)
        if original == nil, dynamic == nil {
            tellOfNothing(service, key, merged, all: all, members: members)
        }
        if key.use == .outbound {
            tellOfTunnel(policy, service, key, merged)
            members = secured(members, of: service, key, merged, all: all)
        }
        members = Self.kept(members, from: old)
        let timeout = policy?.connectionPool?.tcp?.connectTimeout
        let cluster = Cluster(
            name: key.name, host: key.host, serviceName: service.serviceName,
            namespace: service.namespace, port: key.port, subset: key.subset,
            loadBalancing: Self.balancing(policy?.loadBalancer),
            upstreamProtocol: upstreamProtocol(
                service.port(key.port)?.protocolName ?? .unspecified,
                policy?.connectionPool?.http),
            connectTimeoutMs: timeout.map(Self.milliseconds) ?? 10_000,
            discovery: Self.discovery(of: members, service),
            pool: PoolPolicy(
                policy?.connectionPool,
                retryBudget: policy?.retryBudget),
            outliers: service.hasNoEndpoints ? nil : OutlierPolicy(policy?.outlierDetection),
            endpoints: members,
            balance: balance(members, policy, of: key, merged, old: old),
            proxyHeader: key.use == .outbound ? Self.proxyHeader(policy?.proxyProtocol) : nil,
            tunnel: key.use == .outbound ? policy?.tunnel.map { TunnelPolicy($0) } : nil,
            original: original, dynamic: dynamic,
            leavesMesh: service.isExternal && security.node.callsForMesh,
            origins: service.origins + Self.origins(merged, subset: key.subset))
        if let old, old.isSame(as: cluster) { return old }
        return cluster
    }

    /// What HTTP requests go out as (Istio's setUpstreamProtocol, shouldH2Upgrade). A port that
    /// declares nothing is spoken to as the client spoke, but not by gateways, which would upgrade
    /// applications that never asked for it.
    private func upstreamProtocol(
        _ declared: PortProtocol, _ pool: ConnectionPoolSettings.HTTP?
    ) -> Cluster.UpstreamProtocol {
        if pool?.useClientProtocol == true { return .asClient }
        if declared.isHTTP2 || declared.isHTTP && pool?.h2UpgradePolicy == .upgrade {
            return .http2
        }
        if declared == .unspecified, security.node.role != .gateway { return .asClient }
        return .http1
    }

    /// The workload itself: one endpoint, in plain text, for both are one machine.
    private func inbound(_ key: ClusterKey, to target: InboundTarget) -> Cluster {
        let old = previous[key.name]
        let endpoint = Endpoint(
            address: target.address, port: target.port, weight: 1, locality: "", labels: [:],
            workload: Workload(), origin: target.origin)
        let pool = inboundPool(key, target)
        let upstream: Cluster.UpstreamProtocol =
            target.protocolName.isHTTP2
            ? .http2 : target.protocolName == .unspecified ? .asClient : .http1
        let cluster = Cluster(
            name: key.name, host: key.host, serviceName: target.serviceName,
            namespace: key.namespace, port: key.port, subset: "", loadBalancing: .roundRobin,
            upstreamProtocol: upstream,
            connectTimeoutMs: pool.connectTimeoutMs, pool: pool.policy,
            endpoints: Self.kept([endpoint], from: old), origins: [target.origin])
        if let old, old.isSame(as: cluster) { return old }
        return cluster
    }

    static func milliseconds(_ duration: Duration) -> UInt32 {
        let (seconds, attoseconds) = duration.components
        let whole = max(0, seconds).multipliedReportingOverflow(by: 1000)
        let (total, overflow) = whole.partialValue.addingReportingOverflow(
            max(0, attoseconds) / 1_000_000_000_000_000)
        return whole.overflow || overflow ? .max : max(1, UInt32(clamping: total))
    }

    private static func origins(_ rule: MergedRule?, subset: String) -> [Origin] {
        guard let rule else { return [] }
        guard let (found, owner) = rule.subset(subset) else { return rule.rules.map { Origin($0) } }
        return [Origin(owner, at: found.position)]
    }

    private static func kept(_ endpoints: [Endpoint], from old: Cluster?) -> [Endpoint] {
        guard let old else { return endpoints }
        var known: [String: Endpoint] = [:]
        for endpoint in old.endpoints { known["\(endpoint.address) \(endpoint.port)"] = endpoint }
        return endpoints.map { endpoint in
            guard let same = known["\(endpoint.address) \(endpoint.port)"],
                same.isSame(as: endpoint)
            else { return endpoint }
            return same
        }
    }

    /// Silence about a service with nobody behind it is how people come to stare at a 503.
    private mutating func tellOfNothing(
        _ service: RegisteredService, _ key: ClusterKey, _ rule: MergedRule?, all: [Endpoint],
        members: [Endpoint]
    ) {
        guard members.isEmpty else { return }
        if !all.isEmpty, let (subset, owner) = rule?.subset(key.subset) {
            // IST0173
            findings.report(
                .warning, owner, at: subset.position, "spec.subsets",
                "the subset \(subset.name) (\(subset.labels.labelText)) fits none of the "
                    + "\(all.count) endpoints of \(key.host): its requests get 503 UH",
                advice: "compare its labels with those of the workloads")
            return
        }
        let answer = "its requests get 503 UH"
        switch service.description {
        case .kubernetes(let object):
            findings.report(
                .warning, object, "",
                "nothing stands behind port \(key.port) of \(key.host): \(answer)",
                advice: "no ready Pod, WorkloadEntry, Endpoints or EndpointSlice fits its selector "
                    + "\(object.selector.labelText); Deployments are not run here")
        case .entries(let entries):
            for entry in entries { tellOfNothing(entry, key) }
        }
    }
}

extension Endpoint {
    func isSame(as other: Endpoint) -> Bool {
        address == other.address && isName == other.isName && port == other.port
            && weight == other.weight
            && locality == other.locality && labels == other.labels && workload == other.workload
            && origin == other.origin && UpstreamTLS.areSame(tls, other.tls)
    }
}

extension Cluster {
    func isSame(as other: Cluster) -> Bool {
        name == other.name && host == other.host && serviceName == other.serviceName
            && namespace == other.namespace && loadBalancing == other.loadBalancing
            && upstreamProtocol == other.upstreamProtocol
            && discovery == other.discovery && connectTimeoutMs == other.connectTimeoutMs
            && pool == other.pool
            && outliers == other.outliers && origins == other.origins
            && BalancePolicy.areSame(balance, other.balance) && proxyHeader == other.proxyHeader
            && tunnel == other.tunnel
            && Self.areAlike(original, other.original) && leavesMesh == other.leavesMesh
            && DynamicHosts.areAlike(dynamic, other.dynamic)
            && endpoints.count == other.endpoints.count
            && zip(endpoints, other.endpoints).allSatisfy { $0 === $1 }
    }
}
