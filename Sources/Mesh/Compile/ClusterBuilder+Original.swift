// Clusters whose connections go where the client meant them to: ServiceEntries of resolution NONE,
// and whatever no object describes.
// They have no endpoints; what an endpoint would say of workload and TLS is said once, for all.
internal import Spec

extension ClusterBuilder {
    /// nil for a service with endpoints of its own, and where no connection tells what it was meant
    /// for.
    mutating func original(
        of service: RegisteredService, _ key: ClusterKey, _ rule: MergedRule?
    ) -> Endpoint? {
        guard security.node.capture != nil, case .entries(let entries) = service.description,
            entries.allSatisfy({ $0.resolution == .none }), let entry = entries.first
        else { return nil }
        let anybody = Self.anybody(Origin(entry))
        let treated = secured([anybody], of: service, key, rule, all: [])
        return Self.kept(treated.first ?? anybody, previous[key.name])
    }

    /// Istio's PassthroughCluster and BlackHoleCluster.
    func undescribed(_ key: ClusterKey, goesOn: Bool, _ origin: Origin) -> Cluster {
        let old = previous[key.name]
        let cluster = Cluster(
            name: key.name, host: "", serviceName: key.host, namespace: "", port: 0, subset: "",
            loadBalancing: .roundRobin, upstreamProtocol: .asClient, connectTimeoutMs: 10_000,
            endpoints: [], original: goesOn ? Self.kept(Self.anybody(origin), old) : nil,
            leavesMesh: key.host == Capture.passthroughCluster, origins: [origin])
        if let old, old.isSame(as: cluster) { return old }
        return cluster
    }

    private static func anybody(_ origin: Origin) -> Endpoint {
        Endpoint(
            address: "", port: 0, weight: 1, locality: "", labels: [:], workload: Workload(),
            origin: origin)
    }

    private static func kept(_ endpoint: Endpoint, _ old: Cluster?) -> Endpoint {
        guard let same = old?.original, same.isSame(as: endpoint) else { return endpoint }
        return same
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
