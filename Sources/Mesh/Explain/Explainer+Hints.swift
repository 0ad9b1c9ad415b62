// Why the object somebody had in mind is not in the snapshot at all: a Gateway for another proxy,
// a VirtualService bound to nothing, the right host on another port.
// These are the silent 404s; the compiler knows the reasons, and here they are said.
internal import Spec

extension Explainer {
    func listenerHints() -> [String] {
        var hints: [String] = []
        let open = snapshot.routing.listeners.map(\.title)
        let asked = request.port.map(String.init) ?? "?"
        hints.append(
            open.isEmpty
                ? "nothing is listened on"
                : "nothing speaks \(request.scheme.uppercased()) on port \(asked); listeners: "
                    + open.joined(separator: ", ")
        )
        for gateway in objects.gateways where !node.labels.satisfies(gateway.selector) {
            hints.append(selectorHint(gateway))
        }
        for gateway in objects.gateways {
            for server in gateway.servers where server.port.number == request.port {
                let place = "\(gateway.key) (\(gateway.location(at: server.position)))"
                if server.needsTLS != (request.scheme == "https") {
                    let scheme = server.needsTLS ? "https" : "http"
                    hints.append(
                        "\(place) speaks \(server.port.protocolName.rawValue) there: "
                            + "ask for \(scheme)://")
                }
            }
        }
        return hints
    }

    /// For hosts that no listener, or no rule of the listener, answers.
    func hostHints(_ tried: [ListenerSpec]) -> [String] {
        let bytes = Array(request.authority.utf8)
        let host = String(
            decoding: bytes[..<HostTable.hostLength(of: bytes.span)], as: UTF8.self
        ).lowercased()
        var hints: [String] = []
        if host.hasSuffix(".") {
            hints.append(
                "a dot at the end of a host is part of the name: ask for "
                    + "\"\(host.dropLast())\"")
        }
        hints += domainHints(host, tried)
        hints += gatewayHints(tried)
        hints += serviceHints(host, tried)
        return hints
    }

    private func domainHints(_ host: String, _ tried: [ListenerSpec]) -> [String] {
        var hints: [String] = []
        var domains: [String] = []
        for listener in snapshot.routing.listeners {
            if tried.contains(where: { $0 === listener }) {
                domains += listener.tables.flatMap(\.virtualHosts).flatMap(\.domains)
            } else if listener.tables.contains(where: {
                $0.virtualHost(for: bytes(host).span) != nil
            }) {
                hints.append("\(host) is served on \(listener.title)")
            }
        }
        if case .noRoute = explanation.outcome { return hints }
        if domains.contains("*.\(host)") {
            hints.append("*.\(host) does not take \(host) itself: add it to hosts")
        } else if let nearest = Suggestion.nearest(to: host, among: domains), nearest != host {
            hints.append("did you mean \(nearest)?")
        }
        return hints
    }

    private func gatewayHints(_ tried: [ListenerSpec]) -> [String] {
        let ports = Set(tried.map(\.declaredPort))
        return objects.gateways.filter { gateway in
            !node.labels.satisfies(gateway.selector)
                && gateway.servers.contains { ports.contains($0.port.number) }
        }.map(selectorHint)
    }

    private func selectorHint(_ gateway: Gateway) -> String {
        "\(gateway.key) (\(gateway.source)) is for proxies labelled "
            + "\(gateway.selector.labelText); this one is \(node.labels.labelText)"
    }

    /// VirtualServices that name the host and are not asked.
    private func serviceHints(_ host: String, _ tried: [ListenerSpec]) -> [String] {
        let attachment = Attachment(objects.gateways, node: node)
        let gateways = Dictionary(
            objects.gateways.map { ("\($0.namespace)/\($0.name)", $0) },
            uniquingKeysWith: { old, _ in old })
        let bound = Set(
            tried.flatMap(\.origins).map { "\($0.object.namespace)/\($0.object.name)" })
        var hints: [String] = []
        for object in objects.virtualServices where !object.isDelegate && hints.count < 8 {
            let service = AttachedVirtualService(object, node: node)
            guard service.hosts.contains(where: { HostName.isWithin(host, $0) }) else { continue }
            let title = "\(object.key) (\(object.source))"
            if service.gateways.isEmpty {
                hints.append("\(title) is for sidecars alone: it names no Gateway in gateways")
            } else if !service.visibility.includes(node.namespace) {
                hints.append("\(title) is not exported to namespace \(node.namespace)")
            } else {
                hints += reasons(service, title, attachment, gateways, bound)
            }
        }
        return hints
    }

    private func reasons(
        _ service: AttachedVirtualService, _ title: String, _ attachment: Attachment,
        _ gateways: [String: Gateway], _ bound: Set<String>
    ) -> [String] {
        service.gateways.compactMap { name in
            guard let gateway = gateways[name] else {
                return "\(title) names the Gateway \(name), which does not exist"
            }
            guard node.labels.satisfies(gateway.selector) else {
                return "\(title) is bound to \(gateway.key), which is for proxies labelled "
                    + gateway.selector.labelText
            }
            if let problem = attachment.mismatch(service, gateway) {
                return "\(title) is not bound: \(problem.message)"
            }
            if !bound.contains(name) {
                let ports = gateway.servers.map { String($0.port.number) }.joined(separator: ", ")
                return "\(title) is bound to \(gateway.key), which has port \(ports)"
            }
            return nil
        }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
}
