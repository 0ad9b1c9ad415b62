// Clusters whose connections go where the client meant them to: ServiceEntries of resolution NONE,
// services balanced by PASSTHROUGH, and whatever no object describes.
// What an endpoint would say of workload and TLS is said once, for all addresses.
internal import Spec

extension ClusterBuilder {
    /// nil for a service whose endpoints are chosen among, and where no connection tells what it
    /// was meant for.
    mutating func original(
        of service: RegisteredService, _ key: ClusterKey, _ rule: MergedRule?,
        _ policy: TrafficPolicy.Blocks?
    ) -> Endpoint? {
        guard security.node.capture != nil, let origin = service.origins.first else { return nil }
        let passes = key.use == .outbound && Self.passesThrough(policy?.loadBalancer)
        guard passes || service.hasNoEndpoints else { return nil }
        let anybody = Self.anybody(origin)
        let treated = secured([anybody], of: service, key, rule, all: [])
        return Self.kept(treated.first ?? anybody, previous[key.name]?.original)
    }

    /// Where the client has chosen the address, none can be left out.
    mutating func tellOfOutliers(
        _ policy: TrafficPolicy.Blocks?, of service: RegisteredService, _ key: ClusterKey,
        _ rule: MergedRule?, isOriginal: Bool
    ) {
        guard isOriginal || service.hasNoEndpoints, let object = rule?.rules.first,
            let settings = policy?.outlierDetection
        else { return }
        findings.report(
            .warning, object, at: settings.position, "spec.trafficPolicy.outlierDetection",
            "connections to \(key.host) go to the address that the client dialled: none is left "
                + "out, whatever it answers",
            advice: "remove outlierDetection, or give \(key.host) endpoints to choose among")
    }

    /// A hash beside it is what Istio takes instead.
    static func passesThrough(_ settings: LoadBalancerSettings?) -> Bool {
        settings?.simple == .passthrough && settings?.consistentHash?.key == nil
    }

    /// Istio's PassthroughCluster and BlackHoleCluster.
    mutating func undescribed(_ key: ClusterKey, goesOn: Bool, _ origin: Origin) -> Cluster {
        let old = previous[key.name]
        let cluster = Cluster(
            name: key.name, host: "", serviceName: key.host, namespace: "", port: 0, subset: "",
            loadBalancing: .roundRobin, upstreamProtocol: .asClient, connectTimeoutMs: 10_000,
            endpoints: [],
            original: goesOn ? Self.kept(Self.anybody(origin), old?.original) : nil,
            dynamic: key.host == Capture.passthroughCluster ? anyHost(origin, old: old) : nil,
            leavesMesh: key.host == Capture.passthroughCluster, origins: [origin])
        if let old, old.isSame(as: cluster) { return old }
        return cluster
    }

    static func anybody(_ origin: Origin) -> Endpoint {
        Endpoint(
            address: "", port: 0, weight: 1, locality: "", labels: [:], workload: Workload(),
            origin: origin)
    }

    static func kept(_ endpoint: Endpoint, _ same: Endpoint?) -> Endpoint {
        guard let same, same.isSame(as: endpoint) else { return endpoint }
        return same
    }
}

extension RegisteredService {
    /// Written to go wherever the client meant to.
    var hasNoEndpoints: Bool {
        guard case .entries(let entries) = description else { return false }
        return entries.allSatisfy { $0.resolution == .none }
    }
}

extension Cluster {
    static func areAlike(_ one: Endpoint?, _ two: Endpoint?) -> Bool {
        switch (one, two) {
        case (nil, nil): true
        case (let one?, let two?): one.isSame(as: two)
        default: false
        }
    }
}
