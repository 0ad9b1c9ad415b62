// From captured calls to what becomes of them: one listener, behind the gate, for each kind of
// destination there is.
// As Istio has it: an address with a port of a TCP service is that service's; other connections to
// a port that services have go by Host or server name; the rest by outboundTrafficPolicy.
internal import Spec

extension RouteCompiler {
    /// None where nothing is captured.
    mutating func capturedListeners(
        _ sidecar: SidecarPlan, _ mesh: [AttachedVirtualService]
    ) -> [ListenerSpec] {
        guard let last = sidecar.captured.last else { return [] }
        let named = Set(sidecar.captured.compactMap(\.port))
        var listeners: [ListenerSpec] = []
        var names: Set<String> = []
        for scope in sidecar.captured {
            var plan = SidecarPlan.Outbound(
                bind: Self.anyAddress, port: scope.port ?? 0, speech: .http, isForAllPorts: false,
                hosts: scope.hosts, origin: scope.origin)
            plan.isCaptured = true
            let services = services(of: plan)
            let ports =
                scope.port.map { [$0] }
                ?? Set(services.flatMap(\.ports).map(\.number)).subtracting(named).sorted()
            for port in ports {
                let own = CapturedPort(
                    plan: plan.with(port: port), services: services, sidecar: sidecar, mesh: mesh)
                listeners += capturedListeners(own).filter { names.insert($0.name).inserted }
            }
        }
        listeners.append(undescribed(sidecar, last.origin))
        if let bind = node.capture?.outboundBindIPv6 {
            listeners.append(gate(bind, Capture.outboundPort, .outbound, last.origin))
        }
        return listeners
    }

    /// Hands on what is redirected to it, and serves nobody who calls it.
    private func gate(
        _ bind: String, _ declared: UInt16, _ direction: ListenerSpec.Direction, _ origin: Origin
    ) -> ListenerSpec {
        let port = node.boundPort(for: declared)
        return ListenerSpec(
            name: "\(bind)_\(port)", bind: bind, port: port, declaredPort: declared,
            kind: .tcp(nil), direction: direction, reach: .gate, origins: [origin])
    }

    static let anyAddress = "0.0.0.0"

    /// One port of the services that a scope shows.
    private struct CapturedPort {
        let plan: SidecarPlan.Outbound
        let services: [RegisteredService]
        let sidecar: SidecarPlan
        let mesh: [AttachedVirtualService]

        init(
            plan: SidecarPlan.Outbound, services: [RegisteredService], sidecar: SidecarPlan,
            mesh: [AttachedVirtualService]
        ) {
            self.plan = plan
            self.services = services.filter { $0.hasPort(plan.port) }
            self.sidecar = sidecar
            self.mesh = mesh
        }

        func services(_ fits: (PortProtocol) -> Bool) -> [RegisteredService] {
            services.filter { $0.port(plan.port).map { fits($0.protocolName) } ?? false }
        }
    }

    private mutating func capturedListeners(_ port: CapturedPort) -> [ListenerSpec] {
        let plan = port.plan
        let fallback = undescribedRoute(port.sidecar, plan.origin)
        let requests = port.services { $0.isHTTP || $0 == .unspecified }
        let secured = port.services(\.isTLS)
        let bytes = port.services { !$0.isHTTP && !$0.isTLS && $0 != .unspecified }
        let table = outboundTable(plan, port.sidecar.outboundPolicy, port.mesh)
        let chains =
            secured.isEmpty && !port.mesh.contains { !$0.object.tls.isEmpty }
            ? [] : outboundChains(plan, port.mesh, only: secured)
        let rest = Self.anyName("tls.\(plan.port).other", fallback)
        var listeners: [ListenerSpec] = []
        var whole: RegisteredService?
        for service in bytes {
            let route = bytesRoute(to: service, plan, port.mesh)
            let blocks = blocks(of: service)
            if blocks.isEmpty {
                if let whole {
                    tell(
                        service,
                        "\(whole.host) has every connection to port \(plan.port) already: nothing "
                            + "tells one meant for \(service.host)", "write `addresses`")
                    continue
                }
                whole = service
                listeners.append(captured([], plan.port, .tcp(route), service.origins))
            } else {
                listeners.append(captured(blocks, plan.port, .tcp(route), service.origins))
            }
        }
        for service in port.services where service.port(plan.port)?.protocolName == .unspecified {
            let route = bytesRoute(to: service, plan, port.mesh)
            let blocks = blocks(of: service)
            guard !blocks.isEmpty else { continue }
            let through = Self.anyName("tls.\(plan.port).\(service.host)", route)
            listeners.append(
                captured(
                    blocks, plan.port, .sniffed([through], plain: .detected(table, route)),
                    service.origins))
        }
        for service in secured where !service.writtenAddresses.isEmpty {
            let route = bytesRoute(to: service, plan, port.mesh)
            let name = "tls.\(plan.port).\(service.host)"
            let own: [FilterChain]
            if service.isExternal, port.sidecar.policy == .registryOnly {
                // Whoever serves there may serve other names as well, and those are not registered.
                own = chains + [Self.nameless(name, route), rest]
            } else {
                own =
                    chains.filter { chain in
                        chain.serverNames.contains { HostName.overlaps($0, service.host) }
                    } + [Self.anyName(name, route)]
            }
            listeners.append(
                captured(
                    blocks(of: service), plan.port,
                    .sniffed(own, plain: .detected(table, route)), service.origins))
        }
        guard !requests.isEmpty || !secured.isEmpty else { return listeners }
        let isHTTPAlone =
            secured.isEmpty
            && requests.allSatisfy {
                $0.port(plan.port)?.protocolName.isHTTP ?? false
            }
        if let whole {
            tell(
                whole,
                "port \(plan.port) is one of HTTP or TLS services as well: connections to "
                    + "\(whole.host) cannot be told from theirs", "write `addresses`")
            listeners.removeAll { $0.reach == .captured([]) }
        }
        listeners.append(
            captured(
                [], plan.port,
                .sniffed(
                    chains + [rest],
                    plain: isHTTPAlone ? .http(table) : .detected(table, fallback)),
                [plan.origin]))
        return listeners
    }

    /// Ports that no service has.
    private mutating func undescribed(_ sidecar: SidecarPlan, _ origin: Origin) -> ListenerSpec {
        let route = undescribedRoute(sidecar, origin)
        guard sidecar.policy == .registryOnly else {
            // Servers that speak first are not kept waiting for what a client may say.
            return captured([], 0, .tcp(route), [origin])
        }
        var plan = SidecarPlan.Outbound(
            bind: Self.anyAddress, port: 0, speech: .http, isForAllPorts: false,
            hosts: EgressHosts(union: []), origin: origin)
        plan.isCaptured = true
        let table = RouteTable(
            name: "block_all",
            virtualHosts: [
                VirtualHost(
                    name: "block_all", domains: ["*"],
                    routes: [unknownHost(plan, sidecar.outboundPolicy)])
            ])
        return captured(
            [], 0,
            .sniffed([Self.anyName("tls.other", route)], plain: .detected(table, route)),
            [origin])
    }

    // MARK: - Parts

    private func captured(
        _ blocks: [AddressBlock], _ port: UInt16, _ kind: ListenerSpec.Kind, _ origins: [Origin],
        direction: ListenerSpec.Direction = .outbound
    ) -> ListenerSpec {
        let bind = blocks.first.map(\.description) ?? Self.anyAddress
        let way = direction == .inbound ? "inbound_" : ""
        return ListenerSpec(
            name: "\(way)\(bind)_\(port)", bind: bind, port: port, declaredPort: port, kind: kind,
            direction: direction, reach: .captured(blocks), origins: origins)
    }

    /// TLS of whatever name, as it is.
    private static func anyName(_ name: String, _ route: TCPRoute) -> FilterChain {
        FilterChain(
            name: name, serverNames: ["*"], handling: .passthrough(route), origin: route.origin)
    }

    /// TLS without a name, as who calls an address has none to give.
    private static func nameless(_ name: String, _ route: TCPRoute) -> FilterChain {
        FilterChain(
            name: "\(name).unnamed", serverNames: [""], handling: .passthrough(route),
            origin: route.origin)
    }

    /// Where connections go that no object describes.
    private mutating func undescribedRoute(_ sidecar: SidecarPlan, _ origin: Origin) -> TCPRoute {
        let by = sidecar.sidecar ?? origin
        let goesOn = sidecar.policy == .allowAny
        return undescribedRoute(
            goesOn ? Capture.passthroughCluster : Capture.blackHoleCluster,
            goesOn ? .original(by) : .blackHole(by), by)
    }

    private mutating func undescribedRoute(
        _ name: String, _ use: ClusterKey.Use, _ origin: Origin
    ) -> TCPRoute {
        TCPRoute(destinations: [undescribedDestination(name, use)], origin: origin)
    }

    mutating func undescribedDestination(
        _ name: String, _ use: ClusterKey.Use
    ) -> WeightedDestination {
        let key = ClusterKey(host: name, namespace: "", port: 0, subset: "", use: use)
        return WeightedDestination(
            cluster: clusters.index(of: key), clusterName: name, weight: 1)
    }

    /// The addresses by which a connection to a service can be told.
    private func blocks(of service: RegisteredService) -> [AddressBlock] {
        let written = service.writtenAddresses.compactMap { AddressBlock($0) }
        if !written.isEmpty { return written }
        return automaticAddresses.addresses[service.host].flatMap { AddressBlock($0) }
            .map { [$0] } ?? []
    }

    private mutating func tell(
        _ service: RegisteredService, _ message: String, _ advice: String
    ) {
        let origin = service.origins[0]
        findings.add(
            Diagnostic(
                severity: .warning, location: origin.location, object: origin.object,
                message: message, advice: advice))
    }
}

extension RouteCompiler {
    /// Connections to the workload, redirected: each port it serves as PeerAuthentication has it,
    /// the others on to where they were meant to go.
    mutating func capturedInbound(_ sidecar: SidecarPlan) -> [ListenerSpec] {
        guard let bind = node.capture?.inboundBind, let undeclared = sidecar.undeclared else {
            return sidecar.inbound.map { listener($0) }
        }
        let origin = sidecar.sidecar ?? sidecar.workload.origin
        var listeners = sidecar.inbound.map { plan in
            let direct = listener(plan)
            return captured([], plan.port, direct.kind, direct.origins, direction: .inbound)
        }
        let route = undescribedRoute(
            Capture.inboundPassthroughCluster, .original(origin), origin)
        // Only a handshake of the mesh could be let in, and nobody in the mesh knows such a port.
        let rest: ListenerSpec.Kind = undeclared.mode == .strict ? .tls([]) : .tcp(route)
        listeners.append(captured([], 0, rest, [origin], direction: .inbound))
        return [gate(bind, Capture.inboundPort, .inbound, origin)] + listeners
    }
}

extension SidecarPlan.Outbound {
    fileprivate func with(port: UInt16) -> SidecarPlan.Outbound {
        var plan = SidecarPlan.Outbound(
            bind: bind, port: port, speech: speech, isForAllPorts: isForAllPorts, hosts: hosts,
            origin: origin)
        plan.isCaptured = isCaptured
        return plan
    }
}
