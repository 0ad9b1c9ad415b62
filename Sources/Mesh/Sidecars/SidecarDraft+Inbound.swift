// The ports on which requests come to the workload: those a Sidecar lists, else those of the
// services that select it.
internal import Spec

extension SidecarDraft {
    /// A service's port at this workload.
    private struct ServedPort {
        let service: RegisteredService
        let number: UInt16
        let target: UInt16
        let protocolName: PortProtocol
        let origin: Origin
    }

    mutating func makeInbound(_ objects: ObjectSet) {
        let served = servedPorts(objects)
        if let sidecar, !sidecar.ingress.isEmpty {
            for listener in sidecar.ingress {
                guard let port = listener.port else { continue }
                add(listener, port, of: sidecar, served)
            }
            return
        }
        var seen: [UInt16: ServedPort] = [:]
        for port in served {
            if let other = seen[port.target] {
                if other.protocolName.isHTTP != port.protocolName.isHTTP {
                    report(
                        .warning, port.origin,
                        "port \(port.target) of \(workload.name) is "
                            + "\(other.protocolName.word) by \(other.service.host) and "
                            + "\(port.protocolName.word) by \(port.service.host): the first holds",
                        advice: "name the ports of both services alike")
                }
                continue
            }
            seen[port.target] = port
            addDefault(port)
        }
        if served.isEmpty {
            report(
                .info, workload.origin,
                "no service selects \(workload.name): nothing comes in through its sidecar",
                advice: "label it as a Service selects, or write a Sidecar with ingress listeners")
        }
    }

    private func servedPorts(_ objects: ObjectSet) -> [ServedPort] {
        registry.services.flatMap { service -> [ServedPort] in
            guard service.namespace == workload.namespace else { return [] }
            switch service.description {
            case .kubernetes(let object):
                guard !object.selector.isEmpty, workload.labels.satisfies(object.selector) else {
                    return []
                }
                return object.ports.filter { $0.transport == .tcp }.compactMap { port in
                    guard let target = workload.targetPort(of: port) else { return nil }
                    return ServedPort(
                        service: service, number: port.number, target: target,
                        protocolName: service.port(port.number)?.protocolName ?? .unspecified,
                        origin: Origin(object, at: port.position))
                }
            case .entries(let entries):
                return entries.flatMap { entry -> [ServedPort] in
                    guard let selector = entry.workloadSelector,
                        workload.labels.satisfies(selector)
                    else { return [] }
                    return entry.ports.map { port in
                        ServedPort(
                            service: service, number: port.number,
                            target: workload.ports[port.name] ?? port.targetPort ?? port.number,
                            protocolName: port.protocolName,
                            origin: Origin(entry, at: port.position))
                    }
                }
            }
        }
    }

    /// Without a Sidecar the proxy takes the workload's address, and the application stays on
    /// loopback, as it would behind captured packets.
    private mutating func addDefault(_ port: ServedPort) {
        guard AddressLiteral.isIP(workload.address) else {
            report(
                .error, workload.origin,
                "\(workload.name) has no IP address its sidecar could listen on",
                advice: "write `address`, or a Sidecar with an ingress listener")
            return
        }
        let isIPv6 = workload.address.utf8.contains(UInt8(ascii: ":"))
        add(
            bind: workload.address, port: port.target, protocolName: port.protocolName,
            endpoint: (isIPv6 ? "::1" : SidecarPlan.loopback, port.target), served: port,
            pool: sidecar?.inboundConnectionPool, origin: workload.origin)
    }

    private mutating func add(
        _ listener: Sidecar.Ingress, _ port: Sidecar.Port, of sidecar: Sidecar,
        _ served: [ServedPort]
    ) {
        let origin = Origin(sidecar, at: listener.position)
        var bind = listener.bind
        if bind.isEmpty {
            bind = listener.captureMode == .none ? SidecarPlan.loopback : workload.address
            guard AddressLiteral.isIP(bind) else {
                report(
                    .error, origin,
                    "\(workload.name) has no IP address to listen on for port \(port.number)",
                    advice: "write `bind`")
                return
            }
        }
        let service =
            served.first { $0.target == port.number } ?? served.first { $0.number == port.number }
        add(
            bind: bind, port: port.number,
            protocolName: port.protocolName == .unspecified
                ? service?.protocolName ?? .unspecified : port.protocolName,
            endpoint: endpoint(listener.defaultEndpoint.value, port: port.number),
            served: service, pool: listener.connectionPool ?? sidecar.inboundConnectionPool,
            tls: listener.tls, origin: origin)
    }

    /// `0.0.0.0` and `::` are the workload's own address, no address is loopback.
    private func endpoint(_ written: String, port: UInt16) -> (address: String, port: UInt16) {
        if written.hasPrefix("unix://") { return (written, 0) }
        guard let parts = Sidecar.endpoint(written) else { return (SidecarPlan.loopback, port) }
        switch parts.address {
        case "": return (SidecarPlan.loopback, parts.port)
        case "0.0.0.0", "::":
            return (
                AddressLiteral.isIP(workload.address) ? workload.address : SidecarPlan.loopback,
                parts.port
            )
        default: return parts
        }
    }

    private mutating func add(
        bind: String, port: UInt16, protocolName: PortProtocol,
        endpoint: (address: String, port: UInt16), served: ServedPort?,
        pool: ConnectionPoolSettings?, tls: ServerTLSSettings? = nil, origin: Origin
    ) {
        if reaches(bind, node.boundPort(for: port), endpoint) {
            report(
                .error, origin,
                "requests to \(Self.text(bind, port)) would be sent to "
                    + "\(Self.text(endpoint.address, endpoint.port)), which is the listener "
                    + "itself",
                advice: "write a Sidecar with an ingress listener whose `defaultEndpoint` is "
                    + "where the application listens")
            return
        }
        guard claim(bind, port, origin) else { return }
        let answer = security.peers.answer(
            namespace: workload.namespace, labels: workload.labels, port: port)
        if !node.hasIdentity, answer.mode == .strict, let policy = answer.origin {
            report(
                .warning, policy,
                "port \(port) of \(workload.name) takes mutual TLS alone, and its sidecar has no "
                    + "identity: every handshake fails",
                advice: "start it with --identity or --ca")
        }
        if protocolName == .unspecified {
            report(
                .info, origin,
                "port \(port) of \(workload.name) names no protocol: what comes in is carried as "
                    + "bytes",
                advice: "name the service's port http, or tcp, or write `protocol`")
        }
        if tls != nil, answer.mode != .disable {
            report(
                .warning, origin,
                "TLS of port \(port) of \(workload.name) is the mesh's, as its PeerAuthentication "
                    + "has it: `tls` of the listener does nothing",
                advice: "write a PeerAuthentication with portLevelMtls {\(port): {mode: DISABLE}}")
        }
        let service = served?.service
        inbound.append(
            SidecarPlan.Inbound(
                bind: bind, port: port, protocolName: protocolName, authentication: answer,
                host: service?.host ?? "", namespace: workload.namespace,
                target: InboundTarget(
                    address: endpoint.address, port: endpoint.port, protocolName: protocolName,
                    serviceName: service?.serviceName ?? "", servicePort: served?.number ?? 0,
                    pool: pool.map { InboundTarget.Pool($0) }, origin: origin),
                tls: answer.mode == .disable ? tls : nil, origin: origin))
    }

    private func reaches(
        _ bind: String, _ port: UInt16, _ endpoint: (address: String, port: UInt16)
    ) -> Bool {
        guard endpoint.port == port, port != 0 else { return false }
        // Its loopback is another one, or nothing is bound at the workload's port at all.
        if let capture = node.capture, capture.isApart || capture.inboundBind != nil {
            return false
        }
        let isIPv6 = endpoint.address.utf8.contains(UInt8(ascii: ":"))
        return bind == endpoint.address || bind == "::" || bind == "0.0.0.0" && !isIPv6
    }
}

extension PortProtocol {
    fileprivate var word: String { self == .unspecified ? "of no named protocol" : rawValue }
}
