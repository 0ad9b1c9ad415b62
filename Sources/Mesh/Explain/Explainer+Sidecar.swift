// Requests that leave a workload: which of its sidecar's listeners takes them, and why a host is
// not known there.
// The listener is the one the application would connect to: the request's port chooses it, and one
// for all ports takes what no other does.
internal import Spec

extension Explainer {
    func sidecarPlan() -> SidecarPlan? {
        guard case .sidecar(let name) = node.role else { return nil }
        var unheard = Findings()
        return SidecarPlan(
            of: name, objects, node: node, registry: security.registry,
            security: security.decision, findings: &unheard)
    }

    /// `candidates` speak what the URL says.
    func outboundListeners(_ candidates: [ListenerSpec]) -> [ListenerSpec] {
        let outbound = candidates.filter { $0.direction == .outbound }
        if node.capture != nil { return captured(among: outbound) }
        guard let port = request.port else { return outbound }
        let same = outbound.filter { $0.port == port || $0.declaredPort == port }
        if !same.isEmpty { return same }
        let plans = sidecarPlan()?.outbound.filter(\.isForAllPorts) ?? []
        return outbound.filter { listener in
            plans.contains { plan in
                plan.bind == listener.bind
                    && (listener.declaredPort == 0 || listener.declaredPort == plan.port)
            }
        }
    }

    /// Where a captured connection for the request goes to: the address in it, or those that a
    /// resolver of the mesh answers with. None where nothing is captured.
    var meantAddresses: [AddressBlock] {
        guard node.capture != nil else { return [] }
        let bytes = Array(request.authority.utf8)
        let host = String(
            decoding: bytes[..<HostTable.hostLength(of: bytes.span)], as: UTF8.self
        ).lowercased()
        if let address = AddressBlock(host) { return [address] }
        return NameTable(security.registry, node: node).addresses(of: host)
    }

    /// As the gate chooses, for a destination whose address a resolver of the mesh gave: that of
    /// the service of the name, where there is one.
    private func captured(among listeners: [ListenerSpec]) -> [ListenerSpec] {
        let port = request.port ?? (request.scheme == "https" ? 443 : 80)
        let addresses = meantAddresses
        let same = listeners.filter { $0.declaredPort == port && $0.reach != .gate }
        let own = same.first { listener in
            guard case .captured(let blocks) = listener.reach else { return false }
            return blocks.contains { block in
                addresses.contains { block.contains($0.high, $0.low) }
            }
        }
        let rest = listeners.first { $0.declaredPort == 0 && $0.reach == .captured([]) }
        guard let found = own ?? same.first(where: { $0.reach == .captured([]) }) ?? rest else {
            return []
        }
        return [found]
    }

    func sidecarHints() -> [String] {
        let outbound = snapshot.routing.listeners.filter { $0.direction == .outbound }
        let asked = request.port.map { "port \($0)" } ?? "any port"
        return [
            outbound.isEmpty
                ? "the sidecar has no listener for calls: write egress listeners"
                : "no listener of the sidecar takes calls to \(asked); it listens for calls on "
                    + outbound.map(\.name).joined(separator: ", ")
        ]
    }

    /// Why a host is not known: the services that are nearly meant, each with what is in the way.
    func unknownHostHints(_ tried: [ListenerSpec]) -> [String] {
        let bytes = Array(request.authority.utf8)
        let host = String(
            decoding: bytes[..<HostTable.hostLength(of: bytes.span)], as: UTF8.self
        ).lowercased()
        let plans = sidecarPlan()?.outbound ?? []
        var hints: [String] = []
        for service in security.registry.services {
            let names = ServiceDomains.domains(
                of: service, seenFrom: node.namespace, domain: node.domain)
            guard names.contains(host) else { continue }
            hints += obstacles(service, tried, plans)
        }
        if hints.isEmpty {
            let domains = tried.flatMap(\.tables).flatMap(\.virtualHosts).flatMap(\.domains)
            if let nearest = Suggestion.nearest(to: host, among: domains), nearest != host {
                hints.append("did you mean \(nearest)?")
            } else if let other = security.registry.services.first(where: {
                $0.serviceName == host && $0.namespace != node.namespace
            }) {
                hints.append(
                    "\(host) alone means \(host).\(node.namespace); there is \(host)."
                        + "\(other.namespace)")
            } else {
                hints.append("no Service and no ServiceEntry describes \(host)")
            }
        }
        return hints
    }

    private func obstacles(
        _ service: RegisteredService, _ tried: [ListenerSpec], _ plans: [SidecarPlan.Outbound]
    ) -> [String] {
        let title = service.origins.first.map { "\($0.object) \($0.location)" } ?? service.host
        if !service.visibility.includes(node.namespace) {
            return ["\(title) is not exported to namespace \(node.namespace)"]
        }
        var hints: [String] = []
        for plan in plans
        where tried.contains(where: { $0.bind == plan.bind && $0.declaredPort == plan.port }) {
            if !plan.hosts.include(service) {
                hints.append(
                    "\(title) is not among the hosts of \(plan.origin.object) "
                        + "\(plan.origin.location)")
                continue
            }
            let wanted = plan.isForAllPorts ? request.port ?? plan.port : plan.port
            let ports = service.ports.map {
                "\($0.number)"
                    + ($0.protocolName == .unspecified ? "" : " (\($0.protocolName.rawValue))")
            }.joined(separator: ", ")
            hints.append("\(title) has no HTTP port \(wanted); it has \(ports)")
        }
        return hints
    }
}
