// A rule's timeout, retries and faults, with every default filled in.
// Rules that say the same share one policy, so that routes alike stay alike.
internal import Spec

extension RouteCompiler {
    mutating func policy(
        of options: HTTPRoute.Options?, mirrors: [MirrorPolicy], _ site: Site
    ) -> RoutePolicy {
        guard let options else { return .standard }
        let timeoutMs = options.timeout.map(Self.milliseconds) ?? 0
        let policy = RoutePolicy(
            timeoutMs: timeoutMs, retry: Self.retry(options.retries, timeoutMs: timeoutMs),
            fault: options.fault.flatMap(Self.fault),
            mirrors: mirrors, cors: options.corsPolicy.map { cors($0, site) })
        return interned.policy(policy)
    }

    /// Istio's retry.ConvertPolicy: what is said replaces the whole default, but an empty
    /// `retryOn` keeps the default's; `attempts: 0`, or `retries: {}`, switches retries off.
    private static func retry(_ written: HTTPRetry?, timeoutMs: UInt32) -> RetryPolicy? {
        guard let written else { return .standard }
        guard let attempts = written.attempts, attempts > 0 else { return nil }
        var policy = RetryPolicy(attempts: UInt32(attempts))
        if !written.retryOn.isEmpty {
            policy.conditions = []
            var statuses: Set<UInt16> = []
            for word in written.retryOn.split(separator: ",") {
                let word = word.trimmingBlanks
                if let status = UInt16(word) {
                    statuses.insert(status)
                    policy.conditions.insert(.statusCodes)
                } else if let condition = RetryConditions(named: word) {
                    policy.conditions.insert(condition)
                }
            }
            policy.statuses = statuses.sorted()
        }
        let perTryMs = written.perTryTimeout.map(milliseconds) ?? 0
        // Envoy ignores one that can never come first.
        if timeoutMs == 0 || perTryMs < timeoutMs { policy.perTryTimeoutMs = perTryMs }
        if let backoff = written.backoff.map(milliseconds), backoff > 0 {
            policy.backoffMs = backoff
        }
        policy.avoidsPreviousHosts = written.retryIgnorePreviousHosts ?? true
        policy.reachesOtherLocalities = written.retryRemoteLocalities ?? false
        return policy
    }

    private static func fault(_ written: HTTPFaultInjection) -> FaultPolicy? {
        var delay: FaultPolicy.Delay?
        if let said = written.delay, let fixed = said.fixedDelay {
            delay = .init(milliseconds: milliseconds(fixed), share: share(said.percentage))
        }
        var abort: FaultPolicy.Abort?
        if let said = written.abort {
            if let status = said.httpStatus {
                abort = .http(status)
            } else if let status = HTTPFaultInjection.grpcStatus(said.grpcStatus) {
                abort = .grpc(status)
            }
        }
        let abortShare = abort == nil ? 0 : share(written.abort?.percentage)
        if (delay?.share ?? 0) == 0, abortShare == 0 { return nil }
        return FaultPolicy(delay: delay, abort: abort, abortShare: abortShare)
    }

    /// Millionths; nothing said means none (Istio's translateFault).
    static func share(_ percent: Double?) -> UInt32 {
        UInt32(((percent ?? 0).clamped(to: 0...100) * 10_000).rounded())
    }

    /// At least 1 for what is not zero.
    static func milliseconds(_ duration: Duration) -> UInt32 {
        duration > .zero ? ClusterBuilder.milliseconds(duration) : 0
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        isNaN ? range.lowerBound : min(max(self, range.lowerBound), range.upperBound)
    }
}

extension Substring {
    /// Istio's converter takes blanks around the commas.
    fileprivate var trimmingBlanks: Substring {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
