// Clusters whose endpoints are the hosts that requests name.
// Compiling knows neither the names nor their addresses; it says which names are meant, how they
// are called, and which addresses they may have though no name should lead there.
internal import Spec

extension ClusterBuilder {
    /// nil for a service with endpoints of its own.
    mutating func dynamicHosts(
        of service: RegisteredService, _ key: ClusterKey, _ rule: MergedRule?
    ) -> DynamicHosts? {
        guard HostName.isWild(service.host), case .entries(let entries) = service.description,
            entries.allSatisfy({ $0.resolution == .dynamicDNS }),
            let port = entries.lazy.flatMap(\.ports).first(where: { $0.number == key.port }),
            let entry = entries.first
        else { return nil }
        let anybody = Self.anybody(Origin(entry))
        // AUTO_PASSTHROUGH's connections are encrypted as they come.
        let treated =
            key.use == .outbound ? secured([anybody], of: service, key, rule, all: []).first : nil
        let old = previous[key.name]
        return Self.kept(
            DynamicHosts(
                template: Self.kept(treated ?? anybody, old?.dynamic?.template),
                pattern: service.host, port: port.targetPort ?? port.number,
                exceptions: exceptions()),
            old?.dynamic)
    }

    /// Any host that a request names, at the port it names.
    mutating func anyHost(_ origin: Origin, old: Cluster?) -> DynamicHosts {
        Self.kept(
            DynamicHosts(
                template: Self.kept(Self.anybody(origin), old?.dynamic?.template), pattern: nil,
                port: nil, exceptions: exceptions()),
            old?.dynamic)
    }

    private static func kept(_ hosts: DynamicHosts, _ old: DynamicHosts?) -> DynamicHosts {
        guard let old, old.isSame(as: hosts) else { return hosts }
        return old
    }

    /// The addresses that entries name. Not their endpoints: who describes a service on this
    /// machine does not mean that names of others may lead to it.
    private mutating func exceptions() -> [DynamicHosts.Exception] {
        if let listedAddresses { return listedAddresses }
        var seen: Set<DynamicHosts.Exception> = []
        var found: [DynamicHosts.Exception] = []
        for service in registry.services where service.visibility.includes(security.node.namespace)
        {
            guard case .entries(let entries) = service.description else { continue }
            for entry in entries {
                let ports = entry.ports.map(\.number)
                for block in entry.addresses.compactMap({ AddressBlock($0.value) }) {
                    let exception = DynamicHosts.Exception(block: block, ports: ports)
                    if seen.insert(exception).inserted { found.append(exception) }
                }
            }
        }
        listedAddresses = found
        return found
    }
}
