// The VirtualServices that hold for sidecars (`gateways: [mesh]`), by host.
// For a host the most specific name counts, then the oldest object, alone: in the mesh Istio never
// puts the rules of several together.
internal import Spec

struct MeshRules {
    /// In the order in which they are asked: private to the namespace, exported to it, for all.
    let all: [AttachedVirtualService]
    private var exact: [String: Int] = [:]
    /// Most specific first.
    private var wild: [(host: String, index: Int)] = []

    init(_ services: [AttachedVirtualService], hosts: EgressHosts) {
        let seen = services.filter { hosts.include($0) }
        all = seen
        for (index, service) in seen.enumerated() {
            for host in service.hosts {
                if HostName.isWild(host) {
                    if !wild.contains(where: { $0.host == host }) { wild.append((host, index)) }
                } else if exact[host] == nil {
                    exact[host] = index
                }
            }
        }
        wild.sort { HostName.precedes($0.host, $1.host) }
    }

    /// The one that holds for a service.
    func rules(for host: String) -> AttachedVirtualService? {
        if let index = exact[host] { return all[index] }
        return wild.first { HostName.isWithin(host, $0.host) }.map { all[$0.index] }
    }

    /// Hosts of rules that are no service of `registry`, each with the object that holds for it.
    func foreignHosts(
        _ registry: ServiceRegistry
    ) -> [(host: String, service: AttachedVirtualService)] {
        var found: [(host: String, service: AttachedVirtualService)] = []
        for (index, service) in all.enumerated() {
            for host in service.hosts where !registry.hasService(within: host) {
                let owner =
                    HostName.isWild(host)
                    ? wild.first { $0.host == host }?.index : exact[host]
                if owner == index { found.append((host, service)) }
            }
        }
        return found
    }

    /// IST0109: of two objects for one host in the mesh only the first holds.
    static func tellOfConflicts(
        _ services: [AttachedVirtualService], _ findings: inout Findings
    ) {
        var owners: [String: AttachedVirtualService] = [:]
        for service in services {
            for (number, host) in service.hosts.enumerated() {
                guard let other = owners[host], other.object !== service.object else {
                    owners[host] = service
                    continue
                }
                findings.report(
                    .warning, service.object,
                    at: number < service.object.hosts.count
                        ? service.object.hosts[number].position : nil,
                    "spec.hosts",
                    "\(other.object.key) (\(other.object.source)) holds for \(host) in the mesh, "
                        + "and alone: these rules are not asked for it",
                    advice: "put the rules into one VirtualService")
            }
        }
    }
}
