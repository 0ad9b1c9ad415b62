// From the Gateways that select this proxy to the listeners it opens.
// Several Gateways may declare the same port: plain HTTP servers share one listener, and whoever
// came first decides what is spoken there (Istio mergeGateways).
internal import Spec

struct GatewayMerge {
    private struct Place: Hashable {
        var bind: String
        var port: UInt16
    }

    /// A server name on a place.
    private struct Name: Hashable {
        var place: Place
        var host: String
    }

    private(set) var listeners: [ListenerPlan] = []
    /// Indices into `listeners`.
    private var claims: [Place: Int] = [:]
    private var bound: [Place: Int] = [:]
    private var serverNames: [Name: Origin] = [:]
    private let node: Node

    init(_ gateways: [Gateway], node: Node, findings: inout Findings) {
        self.node = node
        for gateway in gateways {
            guard node.labels.satisfies(gateway.selector) else {
                Self.tellOfSelector(gateway, node: node, findings: &findings)
                continue
            }
            for index in gateway.servers.indices {
                add(index, of: gateway, findings: &findings)
            }
        }
        listeners.sort { ($0.boundPort, $0.bind) < ($1.boundPort, $1.bind) }
    }

    private mutating func add(_ index: Int, of gateway: Gateway, findings: inout Findings) {
        let server = gateway.servers[index]
        let place = Place(
            bind: server.bind.isEmpty ? node.bindAddress : server.bind, port: server.port.number)
        let path = "spec.servers[\(index)]"
        guard let speech = server.port.protocolName.speech else {
            findings.report(
                .warning, gateway, at: server.port.position, "\(path).port.protocol",
                "\(server.port.protocolName.rawValue) is not served: this server is left out",
                advice: "use HTTP, HTTP2, GRPC, HTTPS, TLS or TCP")
            return
        }
        let plan = ListenerPlan.Server(
            gateway: gateway, gatewayName: "\(gateway.namespace)/\(gateway.name)", index: index,
            hosts: ServerHosts(server.hosts.map(\.value), namespace: gateway.namespace))
        if speech == .tls, let host = takenName(of: plan, on: place) {
            tellOfName(host, plan, path, on: place, findings: &findings)
            return
        }
        guard let number = claims[place] else {
            open(place, speech, server, plan, path, findings: &findings)
            return
        }
        if listeners[number].speech == speech, speech == .http || speech == .tls {
            listeners[number].servers.append(plan)
            claimNames(of: plan, on: place)
        } else {
            tellOfConflict(
                server, path, of: gateway, with: listeners[number].servers[0].origin,
                saying: listeners[number].speech.word, findings: &findings)
        }
    }

    private mutating func open(
        _ place: Place, _ speech: ListenerPlan.Speech, _ server: Gateway.Server,
        _ plan: ListenerPlan.Server, _ path: String, findings: inout Findings
    ) {
        let isSocket = place.bind.hasPrefix("unix://")
        let port = isSocket ? 0 : node.boundPort(for: place.port)
        let target = Place(bind: place.bind, port: port)
        if let other = bound[target] {
            findings.report(
                .warning, plan.gateway, at: server.port.position, "\(path).port.number",
                "port \(place.port) would be bound to \(port), as port "
                    + "\(listeners[other].declaredPort) is already: this server is left out",
                advice: "give one of the two another port in the port map")
            return
        }
        bound[target] = listeners.count
        if speech == .tls { claimNames(of: plan, on: place) }
        claims[place] = listeners.count
        listeners.append(
            ListenerPlan(
                bind: place.bind, boundPort: port, declaredPort: place.port, speech: speech,
                routeTableName: "http.\(place.port)"
                    + (server.bind.isEmpty ? "" : ".\(server.bind)"),
                servers: [plan]))
    }

    // MARK: - Server names

    private mutating func claimNames(of plan: ListenerPlan.Server, on place: Place) {
        for host in plan.claimedNames { serverNames[Name(place: place, host: host)] = plan.origin }
    }

    /// A client's server name leads to one server: who comes second is left out whole.
    private func takenName(of plan: ListenerPlan.Server, on place: Place) -> String? {
        plan.claimedNames.first { serverNames[Name(place: place, host: $0)] != nil }
    }

    private func tellOfName(
        _ host: String, _ plan: ListenerPlan.Server, _ path: String, on place: Place,
        findings: inout Findings
    ) {
        guard let other = serverNames[Name(place: place, host: host)] else { return }
        findings.report(
            .warning, plan.gateway, at: plan.server.position, "\(path).hosts",
            "\(host) on port \(place.port) is served by \(other.object) (\(other.location)) "
                + "already: this server is left out",
            advice: "give each TLS server of a port hosts of its own")
    }

    private func tellOfConflict(
        _ server: Gateway.Server, _ path: String, of gateway: Gateway, with other: Origin,
        saying speech: String, findings: inout Findings
    ) {
        findings.report(
            .warning, gateway, at: server.port.position, "\(path).port",
            "port \(server.port.number) speaks \(speech) already, by \(other.object) "
                + "(\(other.location)): this \(server.port.protocolName.rawValue) server is "
                + "left out",
            advice: "give it another port or bind")
    }

    private static func tellOfSelector(
        _ gateway: Gateway, node: Node, findings: inout Findings
    ) {
        findings.report(
            .info, gateway, "spec.selector",
            "the selector \(gateway.selector.labelText) does not match this proxy's labels "
                + "\(node.labels.labelText): the Gateway is for another proxy",
            advice: "start the gateway with --label \(gateway.selector.labelText), "
                + "or change the selector")
    }
}

extension ListenerPlan.Speech {
    var word: String {
        switch self {
        case .http: "HTTP"
        case .forwardProxy: "HTTP_PROXY"
        case .tcp: "TCP"
        case .tls: "TLS"
        }
    }
}

extension PortProtocol {
    /// Nil for what cannot be served.
    fileprivate var speech: ListenerPlan.Speech? {
        self == .httpProxy ? .forwardProxy : isHTTP ? .http : isTCP ? .tcp : isTLS ? .tls : nil
    }
}

extension [String: String] {
    /// `istio=ingressgateway,tier=edge`, in the order of the alphabet.
    var labelText: String {
        isEmpty
            ? "(none)"
            : sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
