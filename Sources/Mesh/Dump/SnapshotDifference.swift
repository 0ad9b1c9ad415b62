// What changed from one snapshot to the next, for the line the log writes after a reload.
// Compared by what is served, not by files: a comment that moved is no change.

public struct SnapshotDifference: Sendable, Equatable {
    public struct Names: Sendable, Equatable {
        public var added: [String] = []
        public var removed: [String] = []
        public var changed: [String] = []
        public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
    }

    public let listeners: Names
    /// `http.8080 bookinfo.example.com`
    public let virtualHosts: Names
    public let clusters: Names

    public init(from old: Snapshot, to new: Snapshot) {
        let olds = old.routing.listeners.map { ($0.name, $0.outline) }
        let news = new.routing.listeners.map { ($0.name, $0.outline) }
        listeners = Self.compare(olds, news)
        virtualHosts =
            old.routing === new.routing
            ? Names() : Self.compare(old.routing.hostOutlines, new.routing.hostOutlines)
        clusters = Self.compare(
            old.clusters.map { ($0.name, $0.outline) }, new.clusters.map { ($0.name, $0.outline) })
    }

    public var isEmpty: Bool { listeners.isEmpty && virtualHosts.isEmpty && clusters.isEmpty }

    private static func compare(_ old: [(String, String)], _ new: [(String, String)]) -> Names {
        let olds = Dictionary(old, uniquingKeysWith: { first, _ in first })
        let news = Dictionary(new, uniquingKeysWith: { first, _ in first })
        var names = Names()
        for (name, outline) in new {
            if let before = olds[name] {
                if before != outline { names.changed.append(name) }
            } else {
                names.added.append(name)
            }
        }
        names.removed = old.map(\.0).filter { news[$0] == nil }
        return names
    }
}

extension SnapshotDifference: CustomStringConvertible {
    /// `listeners +1, virtual hosts +2 -1 ~3 (a.example.com, …), clusters ~1 (…)`
    public var description: String {
        if isEmpty { return "nothing that is served changed" }
        return [
            Self.text("listeners", listeners), Self.text("virtual hosts", virtualHosts),
            Self.text("clusters", clusters),
        ].compactMap { $0 }.joined(separator: ", ")
    }

    private static func text(_ what: String, _ names: Names) -> String? {
        guard !names.isEmpty else { return nil }
        var words = [what]
        for (sign, list) in [("+", names.added), ("-", names.removed), ("~", names.changed)] {
            if !list.isEmpty { words.append("\(sign)\(list.count)") }
        }
        let all = names.added + names.removed + names.changed
        let shown = all.prefix(3).joined(separator: ", ") + (all.count > 3 ? ", …" : "")
        return words.joined(separator: " ") + " (\(shown))"
    }
}

extension ListenerSpec {
    fileprivate var outline: String {
        switch kind {
        case .http(let table): "\(bind) \(port) http \(table.name)"
        case .tcp(let route):
            "\(bind) \(port) tcp \(route?.destinations.map(\.outline).joined(separator: " ") ?? "")"
        }
    }
}

extension Routing {
    fileprivate var hostOutlines: [(String, String)] {
        listeners.flatMap { listener -> [(String, String)] in
            guard case .http(let table) = listener.kind else { return [] }
            return table.virtualHosts.flatMap { host in
                let outline = host.outline
                return host.domains.map { ("\(table.name) \($0)", outline) }
            }
        }
    }
}

extension VirtualHost {
    fileprivate var outline: String {
        let routes = routes.map { route -> String in
            let match = ([route.match.pathText] + route.match.conditions.map(\.text))
                .joined(separator: " and ")
            let steps = Explainer.headerSteps(route.headers).joined(separator: ", ")
            return "\(route.name): \(match): \(steps): \(route.action.outline)"
        }
        return "\(redirectsToHTTPS) " + routes.joined(separator: "; ")
    }
}

extension RouteAction {
    fileprivate var outline: String {
        switch self {
        case .forward(let forward):
            (forward.rewrite?.text ?? "")
                + forward.destinations.map(\.outline).joined(separator: " ")
        case .redirect(let redirect): redirect.text
        case .direct(let response): "\(response.status) \(Explainer.text(response.body))"
        }
    }
}

extension WeightedDestination {
    fileprivate var outline: String {
        "\(weight) \(clusterName) \(cluster != nil) \(Explainer.headerSteps(headers))"
    }
}

extension Cluster {
    fileprivate var outline: String {
        "\(loadBalancing) \(connectTimeoutMs) "
            + endpoints.map { "\($0.addressText) \($0.weight)" }.joined(separator: " ")
    }
}
