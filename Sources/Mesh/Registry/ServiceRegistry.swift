// Every service that some object describes, by host name.
// A destination is looked up here; one that is not here is answered 503 NC, as Istio does.
internal import Spec

struct ServiceRegistry {
    /// In the order of the objects: Kubernetes' services first.
    let services: [RegisteredService]
    private let byHost: [String: [Int]]

    init(_ objects: ObjectSet, domain: String, findings: inout Findings) {
        var services: [RegisteredService] = []
        var byHost: [String: [Int]] = [:]
        services.reserveCapacity(objects.services.count + objects.serviceEntries.count)
        let groups = Self.grouped(objects.serviceEntries)
        // Istio takes nothing but the names of certificates from an entry for a Service's host.
        let names = Dictionary(
            groups.map { ($0.host, $0.entries.flatMap(\.subjectAltNames)) },
            uniquingKeysWith: { $0 + $1 })
        for service in objects.services {
            let host = "\(service.name).\(service.namespace).svc.\(domain)"
            byHost[host, default: []].append(services.count)
            services.append(
                RegisteredService(service, host: host, subjectAltNames: names[host] ?? []))
        }
        for (host, namespace, entries) in groups {
            let known = byHost[host, default: []]
            if known.contains(where: { services[$0].isKubernetes }) {
                for entry in entries where entry.subjectAltNames.isEmpty {
                    findings.report(
                        .warning, entry, at: entry.position(ofHost: host), "spec.hosts",
                        "a Service already describes \(host): this entry adds nothing to it",
                        advice: "remove the host here or the Service")
                }
                continue
            }
            Self.tellOfProtocols(entries, host, &findings)
            byHost[host, default: []].append(services.count)
            services.append(RegisteredService(entries: entries, host: host, namespace: namespace))
        }
        self.services = services
        self.byHost = byHost
    }

    /// The service called `host` that a VirtualService in `namespace` means on a proxy in
    /// `proxyNamespace`: its own namespace's if the proxy may see it, else the first it may see.
    func service(
        _ host: String, for namespace: String, visibleTo proxyNamespace: String
    ) -> RegisteredService? {
        guard let indices = byHost[host] else { return nil }
        var first: RegisteredService?
        for index in indices {
            let service = services[index]
            guard service.visibility.includes(proxyNamespace) else { continue }
            if service.namespace == namespace { return service }
            if first == nil { first = service }
        }
        return first
    }

    /// The service of that host and namespace, whoever may see it.
    func service(_ host: String, in namespace: String) -> RegisteredService? {
        byHost[host]?.lazy.map { services[$0] }.first { $0.namespace == namespace }
    }

    func isKnown(_ host: String) -> Bool { byHost[host] != nil }

    /// Whether some service's host lies within `pattern`, which may be a wildcard.
    func hasService(within pattern: String) -> Bool {
        if isKnown(pattern) { return true }
        guard HostName.isWild(pattern) else { return false }
        return services.contains { HostName.isWithin($0.host, pattern) }
    }

    /// The service of that name in another namespace, else the known host nearest to it.
    func suggestion(for host: String) -> String? {
        if let dot = host.firstIndex(of: "."), host.contains(".svc.") {
            let name = host[...dot]
            if let same = services.first(where: { $0.host.hasPrefix(name) }) { return same.host }
        }
        return Suggestion.nearest(to: host, among: services.lazy.map(\.host))
    }

    /// IST0177: of entries for one host, the first that has a port says what is spoken there.
    private static func tellOfProtocols(
        _ entries: [ServiceEntry], _ host: String, _ findings: inout Findings
    ) {
        guard entries.count > 1 else { return }
        var first: [UInt16: (port: ServiceEntry.Port, entry: ServiceEntry)] = [:]
        for entry in entries {
            for port in entry.ports {
                guard let known = first[port.number] else {
                    first[port.number] = (port, entry)
                    continue
                }
                guard known.port.protocolName != port.protocolName else { continue }
                findings.report(
                    .warning, entry, at: port.position, "spec.ports",
                    "port \(port.number) of \(host) is \(port.protocolName.rawValue) here and "
                        + "\(known.port.protocolName.rawValue) in \(known.entry.key), which "
                        + "holds",
                    advice: "write the same protocol in both")
            }
        }
    }

    /// Entries by host and namespace, in the order in which each pair first comes up.
    private static func grouped(
        _ entries: [ServiceEntry]
    ) -> [(host: String, namespace: String, entries: [ServiceEntry])] {
        var groups: [(host: String, namespace: String, entries: [ServiceEntry])] = []
        var places: [String: Int] = [:]
        for entry in entries {
            for host in entry.hosts {
                let key = "\(entry.namespace)/\(host.value)"
                if let place = places[key] {
                    groups[place].entries.append(entry)
                } else {
                    places[key] = groups.count
                    groups.append((host.value, entry.namespace, [entry]))
                }
            }
        }
        return groups
    }
}

extension RegisteredService {
    fileprivate var isKubernetes: Bool {
        if case .kubernetes = description { true } else { false }
    }
}

extension ServiceEntry {
    fileprivate func position(ofHost host: String) -> Position {
        hosts.first { $0.value == host }?.position ?? Position()
    }
}
