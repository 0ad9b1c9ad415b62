// Walks a request through a snapshot as the data plane would and writes down what is decided.
// Verdicts come from the data plane's own functions; this file only asks them and puts the reasons
// into words.
public import Spec

/// What would become of `request`, with file and line.
///
/// - Parameter objects: what `snapshot` was compiled from, for the lines and for the hints about
///   objects that did not make it into the snapshot.
public func explain(
    _ request: ExplainRequest, snapshot: Snapshot, objects: ObjectSet, node: Node
) -> Explanation {
    explain(request, snapshot: snapshot, objects: objects, node: node, depth: 0)
}

func explain(
    _ request: ExplainRequest, snapshot: Snapshot, objects: ObjectSet, node: Node, depth: Int
) -> Explanation {
    var explainer = Explainer(
        request: request, snapshot: snapshot, objects: objects, node: node)
    explainer.run()
    explainer.explanation.hops = explainer.explainHops(depth: depth)
    return explainer.explanation
}

struct Explainer {
    private(set) var request: ExplainRequest
    let snapshot: Snapshot
    let objects: ObjectSet
    let node: Node
    let headers: ExplainHeaders
    let security: Security
    var explanation: Explanation
    /// What a tunnel carries, while its CONNECT is asked about.
    private(set) var inside: ExplainRequest?
    /// The route that took the request and sends it on.
    var taker: Route?
    /// Gateways that it goes to.
    var hops: [Hop] = []

    init(request: ExplainRequest, snapshot: Snapshot, objects: ObjectSet, node: Node) {
        self.request = request
        self.snapshot = snapshot
        self.objects = objects
        self.node = node
        security = Security(objects, node: node)
        headers = ExplainHeaders(request.headers)
        explanation = Explanation(
            request: request, isGateway: node.role == .gateway, outcome: .noListener)
    }

    mutating func run() {
        let candidates = listeners()
        if candidates.isEmpty {
            explanation.hints += node.role == .gateway ? listenerHints() : sidecarHints()
            return
        }
        // A path alone means whichever port answers; the last one tried is the one reported.
        search: for listener in candidates {
            explanation.listener = .init(title: listener.title, origins: listener.origins)
            switch listener.kind {
            case .http where request.scheme == "https":
                if answerByTunnel(on: listener) { return }
            case .http(let table):
                if answer(in: table, on: listener) { return }
            case .tls(let chains):
                if answer(on: listener, chains) { break search }
            case .sniffed(let chains, let plain):
                if request.scheme == "https" {
                    if answer(on: listener, chains) { break search }
                } else if let table = plain.table {
                    if answer(in: table, on: listener) { return }
                }
            case .tcp(let route):
                guard node.capture != nil else { continue }
                connected(to: route, as: .connected)
                break search
            }
        }
        switch explanation.outcome {
        case .noVirtualHost, .noRoute, .noFilterChain:
            if node.role == .gateway {
                explanation.hints += hostHints(candidates)
            } else if explanation.outcome != .noRoute {
                explanation.hints += unknownHostHints(candidates)
            }
        default: break
        }
    }

    /// How a client asks a forward proxy for https: by CONNECT.
    private mutating func answerByTunnel(on listener: ListenerSpec) -> Bool {
        guard let table = listener.connect else { return false }
        let asked = request
        defer {
            request = asked
            inside = nil
        }
        inside = asked
        request = request.asTunnel
        explanation.steps.append(
            "CONNECT \(request.authority): a tunnel, encrypted from end to end")
        return answer(in: table, on: listener)
    }

    /// Whether the table has an answer; what it asked is written down where it has none.
    mutating func answer(in table: RouteTable, on listener: ListenerSpec) -> Bool {
        guard let place = place(in: table) else { return false }
        let host = table.virtualHost(at: place)
        explanation.virtualHost = .init(title: host.title, origins: [])
        if host.redirectsToHTTPS, request.scheme == "http" {
            explanation.outcome = .redirected(
                status: 301, location: "https://\(request.authority)\(target)")
            explanation.steps.append("httpsRedirect of the Gateway's server")
            return true
        }
        guard let route = route(in: table, at: place) else { return false }
        answer(with: route, on: listener)
        return true
    }

    /// Path and query as sent.
    var target: String { request.query.isEmpty ? request.path : "\(request.path)?\(request.query)" }

    /// Listeners that speak what the URL says, on the port that was asked, as declared or as bound.
    private func listeners() -> [ListenerSpec] {
        let isSecure = request.scheme == "https"
        let all = snapshot.routing.listeners.filter { listener in
            switch listener.kind {
            case .http: !isSecure || listener.connect != nil
            case .tls: isSecure
            case .sniffed: true
            case .tcp: node.capture != nil
            }
        }
        if node.role != .gateway { return outboundListeners(all) }
        guard let port = request.port else { return all }
        let same = all.filter { $0.port == port || $0.declaredPort == port }
        return same.isEmpty && !request.isPortExplicit ? all : same
    }

    private mutating func place(in table: RouteTable) -> HostPlace? {
        let authority = Array(request.authority.utf8)
        if let place = table.place(for: authority.span) { return place }
        explanation.outcome = .noVirtualHost
        let known = table.virtualHosts.flatMap(\.domains)
        let shown = known.prefix(8).joined(separator: ", ") + (known.count > 8 ? ", …" : "")
        explanation.tried.append(
            .init(
                title: "route table \(table.name)", location: nil,
                reasons: [
                    known.isEmpty
                        ? "no VirtualService is bound to this listener"
                        : "no domain of it is \(request.authority): it has \(shown)"
                ]))
        return nil
    }

    /// The first route that the data plane's matcher takes; those before it are written down.
    private mutating func route(in table: RouteTable, at place: HostPlace) -> Route? {
        let path = Array(request.path.utf8)
        let query = Array(request.query.utf8)
        let method = Array(request.method.utf8)
        let authority = Array(request.authority.utf8)
        let scheme = Array(request.scheme.utf8)
        let asked = RouteRequest(
            path: path.span, query: query.span, method: method.span, authority: authority.span,
            scheme: scheme.span)
        for (index, route) in table.virtualHost(at: place).routes.enumerated() {
            let matches = table.matches(index, at: place, asked, headers)
            if matches.all { return route }
            var reasons: [String] = []
            if !matches.path { reasons.append(pathReason(route)) }
            for condition in route.match.conditions where !condition.holds(for: asked, headers) {
                reasons.append(reason(condition))
            }
            explanation.tried.append(
                .init(title: route.title, location: route.origin.location, reasons: reasons))
        }
        explanation.outcome = .noRoute
        return nil
    }
}

extension ListenerSpec {
    var title: String {
        declaredPort == port || port == 0
            ? name : "\(name) (port \(declaredPort), bound as \(port))"
    }
}

extension VirtualHost {
    var title: String { "\(name) (\(domains.joined(separator: ", ")))" }
}

extension Route {
    /// `VirtualService default/bookinfo http[0].match[1]`
    var title: String {
        name == "default" ? written : "\(written) \"\(name)\""
    }
}
