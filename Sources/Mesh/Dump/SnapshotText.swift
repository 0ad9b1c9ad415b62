// A snapshot as text, the same for the same configuration wherever its files lie and however they
// are commented.
// Golden tests compare it, and people read it: one fact a line, indented by what it belongs to.
internal import Spec

public enum SnapshotText {
    public static func render(_ snapshot: Snapshot) -> String {
        var text = ""
        for listener in snapshot.routing.listeners { render(listener, snapshot, into: &text) }
        for cluster in snapshot.clusters { render(cluster, into: &text) }
        return text
    }

    private static func render(
        _ listener: ListenerSpec, _ snapshot: Snapshot, into text: inout String
    ) {
        text += "listener \(listener.name) port \(listener.declaredPort)"
        if listener.direction != .gateway { text += " \(listener.direction)" }
        switch listener.reach {
        case .bound: break
        case .gate: text += " for redirected connections"
        case .captured(let blocks):
            text += " for connections to "
            text +=
                blocks.isEmpty ? "any address" : blocks.map(\.description).joined(separator: " ")
        }
        text += " by \(listener.origins.map(place).joined(separator: ", "))\n"
        switch listener.kind {
        case .http(let table): render(table, into: &text)
        case .tcp(let route): renderBytes(to: route, into: &text)
        case .tls(let chains):
            for chain in chains { render(chain, into: &text) }
        case .sniffed(let chains, let plain):
            for chain in chains { render(chain, into: &text) }
            text += "  in plain text\n"
            switch plain {
            case .http(let table): render(table, into: &text)
            case .tcp(let route): renderBytes(to: route, into: &text)
            case .detected(let table, let route):
                render(table, into: &text)
                renderBytes(to: route, into: &text)
            }
        }
    }

    private static func render(_ table: RouteTable, into text: inout String) {
        text += "  http \(table.name)\n"
        for host in table.virtualHosts { render(host, into: &text) }
    }

    private static func renderBytes(to route: TCPRoute?, into text: inout String) {
        guard let route else {
            text += "  tcp closed\n"
            return
        }
        text += "  tcp by \(place(route.origin))\n"
        render(route, into: &text)
    }

    private static func render(_ route: TCPRoute, into text: inout String) {
        for part in route.narrower {
            for destination in part.route.destinations {
                text +=
                    "    to \(part.blocks.text): "
                    + "forward \(share(destination, of: part.route.totalWeight))\n"
            }
        }
        for destination in route.destinations {
            text += "    forward \(share(destination, of: route.totalWeight))\n"
        }
    }

    private static func render(_ chain: FilterChain, into text: inout String) {
        text += "  chain \(chain.name) for \(chain.serverNames.joined(separator: " "))"
        if !chain.destinations.isEmpty { text += " to \(chain.destinations.text)" }
        if !chain.applicationProtocols.isEmpty {
            text += " offering \(chain.applicationProtocols.joined(separator: " "))"
        }
        text += " by \(place(chain.origin))\n"
        switch chain.handling {
        case .terminateHTTP(let termination, let table):
            text += "  https \(table.name), \(termination.text)\n"
            for host in table.virtualHosts { render(host, into: &text) }
        case .terminateTCP(let termination, let route):
            text += "  tls, then tcp\(route == nil ? " closed" : ""), \(termination.text)\n"
            if let route { render(route, into: &text) }
        case .passthrough(let route):
            text += "  passthrough\n"
            render(route, into: &text)
        }
    }

    private static func render(_ host: VirtualHost, into text: inout String) {
        text += "  host \(host.name) for \(host.domains.joined(separator: " "))"
        text += host.redirectsToHTTPS ? ", redirects to https\n" : "\n"
        for route in host.routes {
            text += "    route \(route.name) by \(route.written)\n"
            text += "      match \(route.match.pathText)\n"
            for condition in route.match.conditions { text += "      and \(condition.text)\n" }
            for step in Explainer.headerSteps(route.headers) { text += "      \(step)\n" }
            text += action(route.action)
        }
    }

    private static func action(_ action: RouteAction) -> String {
        switch action {
        case .forward(let forward):
            var text = ""
            if let rewrite = forward.rewrite { text += "      rewrite \(rewrite.text)\n" }
            for step in forward.policy.steps { text += "      \(step)\n" }
            for destination in forward.destinations {
                text += "      forward \(share(destination, of: forward.totalWeight))\n"
                for step in Explainer.headerSteps(destination.headers) {
                    text += "        \(step)\n"
                }
            }
            return text
        case .redirect(let redirect):
            return "      redirect \(redirect.text)\n"
        case .direct(let response):
            let name = response.namesAuthority ? "the authority and " : ""
            return "      answer \(response.status) with \(name)\(response.body.count) bytes\n"
        }
    }

    private static func share(_ destination: WeightedDestination, of total: UInt32) -> String {
        let missing = destination.cluster == nil ? " (unknown)" : ""
        return "\(destination.weight)/\(total) \(destination.clusterName)\(missing)"
    }

    private static func render(_ cluster: Cluster, into text: inout String) {
        text += "cluster \(cluster.name)\n"
        if cluster.upstreamProtocol != .http1 { text += "  \(cluster.upstreamProtocol)\n" }
        if cluster.discovery != .fixed { text += "  names: \(cluster.discovery)\n" }
        if let dynamic = cluster.dynamic {
            text += "  hosts as requests name them: \(dynamic.pattern ?? "*")"
            text += dynamic.port.map { ", port \($0)" } ?? ""
            text += dynamic.template.tls.map { ", over \($0.text)" } ?? ""
            text += "\n"
        }
        text += "  \(cluster.loadBalancing), connect within \(cluster.connectTimeoutMs) ms"
        text += ", by \(cluster.origins.map(place).joined(separator: ", "))\n"
        for step in cluster.tunnelSteps + cluster.protectionSteps { text += "  \(step)\n" }
        for endpoint in cluster.endpoints {
            text += "  endpoint \(endpoint.addressText)"
            if endpoint.weight != 1 { text += " weight \(endpoint.weight)" }
            if !endpoint.locality.isEmpty { text += " in \(endpoint.locality)" }
            if !endpoint.labels.isEmpty { text += " labelled \(endpoint.labels.labelText)" }
            if let tls = endpoint.tls { text += " over \(tls.text)" }
            text += " by \(place(endpoint.origin))\n"
        }
    }

    private static func place(_ origin: Origin) -> String {
        "\(origin.object)"
    }
}

extension TLSTermination {
    /// `certificate from Secret default/web, client certificates required, TLS 1.2 to 1.3`
    fileprivate var text: String {
        let names = credentials.map { "\($0)" }.joined(separator: " and ")
        let clients =
            clientCertificates == .ignored ? "" : ", client certificates \(clientCertificates)"
        return "certificate from \(names.isEmpty ? "nowhere" : names)\(clients), "
            + "TLS 1.\(minVersion - 0x0301) to 1.\(maxVersion - 0x0301)"
    }
}

extension Endpoint {
    /// `10.0.0.1:80`, `[::1]:80`, or the socket's path.
    public var addressText: String {
        if port == 0 { return address }
        return address.utf8.contains(UInt8(ascii: ":"))
            ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
