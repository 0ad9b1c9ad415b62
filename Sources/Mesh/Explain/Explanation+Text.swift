// The explanation as text for a terminal: one fact a line, what it is on the left, where it is
// written on the right.
internal import Spec

extension Explanation: CustomStringConvertible {
    public var description: String {
        var lines: [String] = [
            "\(request.method) \(url)", "=> \(outcome.text(isGateway: isGateway))",
        ]
        if let listener { lines += Self.lines("listener", listener) }
        if let chain { lines += Self.lines("server", chain) }
        if let virtualHost { lines += Self.lines("virtual host", virtualHost) }
        if let rule { lines += Self.lines("rule", rule) }
        lines += steps.map { Self.line("on the way", $0) }
        for share in destinations { lines += Self.lines(share) }
        if !tried.isEmpty {
            let isFound = rule != nil
            lines.append(isFound ? "tried before:" : "tried:")
            for trial in tried {
                let place = trial.location.map { " \($0)" } ?? ""
                lines.append("  \(trial.title)\(place): \(trial.reasons.joined(separator: "; "))")
            }
        }
        if !hints.isEmpty {
            lines.append("hints:")
            lines += hints.map { "  \($0)" }
        }
        for hop in hops {
            lines += ["", "then, at gateway \(hop.gateway):"]
            lines += hop.explanation.description.split(
                separator: "\n", omittingEmptySubsequences: false
            )
            .dropLast().map(String.init)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var url: String {
        let path = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
        return "\(request.scheme)://\(request.authority)\(path)"
    }

    private static func line(_ what: String, _ text: String) -> String {
        "  " + what + String(repeating: " ", count: max(1, 14 - what.count)) + text
    }

    private static func lines(_ what: String, _ place: Place) -> [String] {
        let first = place.origins.first.map { origin in
            place.title.hasPrefix(origin.object.description)
                ? "\(place.title)  \(origin.location)"
                : "\(place.title)  \(origin.object) \(origin.location)"
        }
        return [line(what, first ?? place.title)]
            + place.origins.dropFirst().map { line("", "and \($0.object) \($0.location)") }
    }

    private static func lines(_ share: Share) -> [String] {
        let percent = (share.percent * 10).rounded() / 10
        let amount = percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
        let place = share.location.map { "  \($0)" } ?? ""
        var lines = [line("destination", "\(amount) \(share.cluster)\(place)")]
        if let problem = share.problem { lines.append(line("", problem)) }
        lines += share.origins.map { line("", "by \($0.object) \($0.location)") }
        lines += share.steps.map { line("", $0) }
        lines += share.endpoints.flatMap { member -> [String] in
            let weight = member.weight == 1 ? "" : " weight \(member.weight)"
            let place =
                "-> \(member.address)\(weight)  \(member.origin.object) \(member.origin.location)"
            return [line("", place)] + (member.standing.map { [line("", "   \($0)")] } ?? [])
                + (member.security.map { [line("", "   \($0)")] } ?? [])
        }
        return lines
    }
}

extension Explanation.Outcome {
    /// - Parameter isGateway: who says so.
    func text(isGateway: Bool) -> String {
        switch self {
        case .forwarded: "forwarded"
        case .connected: "connected, TLS ends here"
        case .passedThrough: "passed through, encrypted as it is"
        case .redirected(let status, let location): "\(status) to \(location)"
        case .answered(let status, let count):
            "\(status) by the \(isGateway ? "gateway" : "sidecar") itself"
                + (count == 0 ? "" : ", \(count) bytes of body")
        case .unavailable(let reason): reason
        case .noListener: "no connection: nothing listens there"
        case .noVirtualHost: "404 NR: no virtual host for this authority"
        case .noRoute: "404 NR: no rule matches"
        case .noFilterChain: "no connection: no server takes this server name"
        case .unknownHost(let status):
            "\(status): this \(isGateway ? "gateway" : "workload") knows no such host"
        case .misdirected: "421: another server of this port serves this authority"
        }
    }
}
