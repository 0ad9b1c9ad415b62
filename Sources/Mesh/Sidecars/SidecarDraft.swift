// Puts the listeners of a sidecar together, each address once.
internal import Spec

struct SidecarDraft {
    private struct Address: Hashable {
        var bind: String
        var port: UInt16
    }

    let workload: SidecarWorkload
    let sidecar: Sidecar?
    let node: Node
    let registry: ServiceRegistry
    let security: EndpointSecurity
    var inbound: [SidecarPlan.Inbound] = []
    var outbound: [SidecarPlan.Outbound] = []
    var captured: [CapturedScope] = []
    var findings = Findings()
    private var taken: [Address: Origin] = [:]

    init(
        workload: SidecarWorkload, sidecar: Sidecar?, node: Node, registry: ServiceRegistry,
        security: EndpointSecurity
    ) {
        self.workload = workload
        self.sidecar = sidecar
        self.node = node
        self.registry = registry
        self.security = security
    }

    /// False, and a warning, where another listener has the address.
    mutating func claim(_ bind: String, _ port: UInt16, _ origin: Origin) -> Bool {
        let bound = bind.hasPrefix("unix://") ? 0 : node.boundPort(for: port)
        let address = Address(bind: bind, port: bound)
        if let other = taken[address], bound != 0 || bind.hasPrefix("unix://") {
            report(
                .warning, origin,
                "\(Self.text(bind, bound)) is listened on already, by \(other.object) "
                    + "(\(other.location)): this listener is left out",
                advice: "give one of the two another bind or port")
            return false
        }
        taken[address] = origin
        return true
    }

    mutating func report(
        _ severity: Diagnostic.Severity, _ origin: Origin, _ message: String, advice: String = ""
    ) {
        findings.add(
            Diagnostic(
                severity: severity, location: origin.location, object: origin.object,
                message: message, advice: advice))
    }

    static func text(_ address: String, _ port: UInt16) -> String {
        address.hasPrefix("unix://")
            ? address : "\(HostName.domain(address)):\(port)"
    }

    // MARK: - Outbound

    mutating func makeOutbound() {
        if let capture = node.capture {
            makeCaptured(capture)
            return
        }
        guard let sidecar, !sidecar.egress.isEmpty else {
            let origin = sidecar.map { Origin($0) } ?? workload.origin
            addOutbound(
                SidecarPlan.Outbound(
                    bind: SidecarPlan.loopback, port: SidecarPlan.defaultPort, speech: .http,
                    isForAllPorts: true, hosts: .all, origin: origin))
            return
        }
        for listener in sidecar.egress { addOutbound(listener, of: sidecar) }
    }

    mutating func addOutbound(_ listener: Sidecar.Egress, of sidecar: Sidecar) {
        let hosts = EgressHosts(listener.hosts, namespace: sidecar.namespace)
        let number = listener.port?.number ?? SidecarPlan.defaultPort
        let isForAllPorts =
            listener.port == nil || number == 0 || listener.port?.protocolName == .httpProxy
        addOutbound(
            SidecarPlan.Outbound(
                bind: listener.bind.isEmpty ? SidecarPlan.loopback : listener.bind, port: number,
                speech: speech(of: listener.port, hosts, isForAllPorts: isForAllPorts),
                isForAllPorts: isForAllPorts, hosts: hosts,
                origin: Origin(sidecar, at: listener.position)))
    }

    mutating func addOutbound(_ plan: SidecarPlan.Outbound) {
        if claim(plan.bind, plan.port, plan.origin) { outbound.append(plan) }
    }

    /// As declared, else as the services of the port are: HTTP where one of them is, or may be.
    private func speech(
        of port: Sidecar.Port?, _ hosts: EgressHosts, isForAllPorts: Bool
    ) -> SidecarPlan.Outbound.Speech {
        guard let port, port.protocolName != .unspecified else {
            guard let number = port?.number, !isForAllPorts else { return .http }
            let found = registry.services.filter {
                hosts.include($0) && $0.visibility.includes(node.namespace)
            }.compactMap { $0.port(number)?.protocolName }
            if found.contains(where: { $0.isHTTP || $0 == .unspecified }) || found.isEmpty {
                return .http
            }
            return found.allSatisfy(\.isTLS) ? .tls : .tcp
        }
        return port.protocolName.isHTTP ? .http : port.protocolName.isTLS ? .tls : .tcp
    }
}
