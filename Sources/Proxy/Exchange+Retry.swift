// A request that goes out again: by the route's policy, or because its connection was stale.
// Nothing is tried again once the client has seen a byte of the answer.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    // MARK: - Without being asked: nothing can have been acted on

    /// The upstream's connection was closed while it idled in the pool: nothing of this request was
    /// acted on, so it may go out once more on a fresh one (RFC 9110 section 9.2.2). False when it
    /// cannot be sent again.
    func retryOnFreshConnection() -> Bool {
        guard !tries.wasReplaced, !hasBody, !answerBegan, request.method.isIdempotent, let endpoint
        else { return false }
        endpoint.dropIdle()
        tries.wasReplaced = true
        // It may have left the configuration meanwhile; whoever took its place is asked then.
        again(at: endpoint.isRetired ? cluster?.pick(wish) ?? endpoint : endpoint, fresh: true)
        return true
    }

    /// The endpoint's connection takes no more requests and this one was not among the last (RFC
    /// 9113 section 8.7): it may go out once more, whatever it asks for, as long as its body is
    /// still here from the first byte.
    func retryElsewhere() -> Bool {
        guard !tries.wasReplaced, !answerBegan, canReplay, let endpoint else { return false }
        tries.wasReplaced = true
        response.reset()
        again(at: cluster?.pick(wish) ?? endpoint, fresh: false)
        return true
    }

    private func again(at next: EndpointState, fresh: Bool) {
        cancelTryTimer()
        upstream = nil
        leaveEndpoint()
        enter(next)
        if reach(next, fresh: fresh), hasBody { sendKeptBody() }
    }

    // MARK: - By the policy

    /// Whether the request goes out again after this failure; the pause before it has begun then.
    func retries(after failure: Failure) -> Bool {
        guard !answerBegan, !isMirror, let retry = forward?.policy.retry,
            retry.conditions.holds(for: failure)
        else { return false }
        return schedule(retry)
    }

    /// The same for an answer that has come and was not passed on.
    func retriesAnswer() -> Bool {
        guard let policy = forward?.policy, !isMirror else { return false }
        guard policy.looksAtStatus || policy.looksAtGRPCStatus && isGRPC, response.status >= 200,
            let retry = policy.retry, retry.holds(for: response)
        else {
            if tries.retries > 0 {
                cluster?.stats.add(.upstreamRqRetrySuccess)
                routeStats?.add(.upstreamRqRetrySuccess)
            }
            return false
        }
        guard schedule(retry), let upstream else { return false }
        self.upstream = nil
        upstream.forsake()
        response.reset()
        return true
    }

    /// Begins the pause before the next try; false where there is none (Envoy's shouldRetry).
    private func schedule(_ retry: RetryPolicy) -> Bool {
        guard let cluster else { return false }
        // The retry before this one, if there was any, is over.
        claims.giveRetry()
        guard tries.retries < retry.attempts else {
            flags.formUnion(.upstreamRetryLimitExceeded)
            cluster.stats.add(.upstreamRqRetryLimitExceeded)
            return false
        }
        guard canReplay, !request.wantsUpgrade || requestBytes == 0 else { return false }
        guard claims.takeRetry(of: cluster) else {
            flags.formUnion(.upstreamOverflow)
            cluster.stats.add(.upstreamRqRetryOverflow)
            routeStats?.add(.upstreamRqRetryOverflow)
            return false
        }
        cancelTryTimer()
        if let endpoint {
            wish.tried.append(endpoint)
            wish.avoidsTried = retry.avoidsPreviousHosts
            wish.leavesTriedPriorities = retry.reachesOtherLocalities
        }
        leaveEndpoint()
        cluster.stats.add(.upstreamRqRetry)
        tries.pause = .backoff
        tries.pauseTimer = set(.backoff, afterMs: pauseMs(retry))
        tries.retries += 1
        return true
    }

    /// Full jitter: anything below base * 2^(N-1), which is ten times the base at most (Envoy's
    /// JitteredExponentialBackOffStrategy).
    private func pauseMs(_ retry: RetryPolicy) -> UInt32 {
        let base = UInt64(retry.backoffMs)
        let bound = min(base << UInt64(min(tries.retries, 8)), base * 10)
        return worker.random.below(UInt32(clamping: max(1, bound)))
    }

    /// The pause is over.
    func tryNow() {
        guard tries.pause == .backoff, let cluster else { return }
        tries.pause = .none
        response.reset()
        transportReason = nil
        failureCause = nil
        send(to: cluster)
    }

    // MARK: - Being on an endpoint

    func enter(_ endpoint: EndpointState) {
        self.endpoint = endpoint
        isOnEndpoint = true
        endpoint.activeRequests += 1
        endpoint.requestsTotal += 1
    }

    /// The endpoint stays the one that logs and metrics name.
    func leaveEndpoint() {
        guard isOnEndpoint, let endpoint else { return }
        isOnEndpoint = false
        endpoint.activeRequests -= 1
    }
}

extension RetryConditions {
    /// Envoy's wouldRetryFromReset.
    fileprivate func holds(for failure: Failure) -> Bool {
        switch failure.row.retry {
        case .never: false
        case .connectFailure:
            !isDisjoint(with: Self.byReset.union([.connectFailure, .resetBeforeRequest]))
        case .refused: !isDisjoint(with: Self.byReset.union(.refusedStream))
        case .reset: !isDisjoint(with: Self.byReset)
        }
    }
}

extension RetryPolicy {
    /// Envoy's wouldRetryFromHeaders.
    fileprivate func holds(for head: ResponseHead) -> Bool {
        // It comes from a proxy that limits rates: trying again would make it worse.
        if head.value(named: ByteView("x-envoy-ratelimited")) != nil {
            return conditions.contains(.rateLimited)
        }
        let status = head.status
        if conditions.contains(.serverError), status >= 500 { return true }
        if conditions.contains(.gatewayError), 502...504 ~= status { return true }
        if conditions.contains(.retriable4xx), status == 409 { return true }
        if conditions.contains(.statusCodes), statuses.contains(status) { return true }
        guard !conditions.isDisjoint(with: RetryConditions.byGRPCStatus),
            let code = head.value(named: ByteView("grpc-status"))?.decimal()
        else { return false }
        switch code {
        case 1: return conditions.contains(.cancelled)
        case 4: return conditions.contains(.deadlineExceeded)
        case 8: return conditions.contains(.resourceExhausted)
        case 13: return conditions.contains(.internal)
        case 14: return conditions.contains(.unavailable)
        default: return false
        }
    }
}
