// A route's policy in words, a line each, for explanations and dumps.
// What rules have that say nothing is not told: it would be the same line under every route.

extension RoutePolicy {
    public var steps: [String] {
        if self === Self.inbound { return [] }
        var steps: [String] = []
        if let fault { steps += fault.steps }
        if let cors { steps += cors.steps }
        if timeoutMs > 0 { steps.append("give up after \(Self.time(timeoutMs)): 504 UT") }
        switch retry {
        case nil: steps.append("try once, without retries")
        case let retry? where retry != .standard: steps.append(retry.text)
        default: break
        }
        steps += mirrors.map(\.step)
        return steps
    }

    /// `500ms`, `2s`, `2.5s`
    static func time(_ milliseconds: UInt32) -> String {
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        if rest == 0 { return "\(seconds)s" }
        var digits = String(rest + 1000).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(seconds).\(digits)s"
    }
}

extension RetryPolicy {
    /// `try up to 2 times more on 5xx,503, 2s a try`
    var text: String {
        let times = attempts == 1 ? "once more" : "up to \(attempts) times more"
        var words = RetryConditions.names.filter { conditions.contains($0.condition) }.map(\.name)
        if !statuses.isEmpty { words.removeAll { $0 == "retriable-status-codes" } }
        words += statuses.map(String.init)
        var text = "try \(times) on \(words.joined(separator: ","))"
        if perTryTimeoutMs > 0 { text += ", \(RoutePolicy.time(perTryTimeoutMs)) a try" }
        if backoffMs != RetryPolicy.standard.backoffMs {
            text += ", pauses from \(RoutePolicy.time(backoffMs))"
        }
        if !avoidsPreviousHosts { text += ", also where it failed before" }
        if reachesOtherLocalities { text += ", also in other localities" }
        return text
    }
}

extension FaultPolicy {
    var steps: [String] {
        var steps: [String] = []
        if let delay, delay.share > 0 {
            steps.append(
                "delay \(Self.percent(delay.share)) of the requests by "
                    + RoutePolicy.time(delay.milliseconds))
        }
        if let abort, abortShare > 0 {
            let answer =
                switch abort {
                case .http(let status): "\(status)"
                case .grpc(let status): "gRPC status \(status)"
                }
            steps.append("abort \(Self.percent(abortShare)) of the requests with \(answer)")
        }
        return steps
    }

    /// `100 %`, `0.0001 %`
    static func percent(_ millionths: UInt32) -> String {
        let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 10_000)
        if rest == 0 { return "\(whole) %" }
        var digits = String(rest + 10_000).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits) %"
    }
}
