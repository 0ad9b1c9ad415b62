// What an exchange waits for by the clock: the route's timeout, a try's, a pause before the next.
// Timers hold their exchange, so whoever ends it or moves it on takes them back first.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    func fired(_ timer: Tries.Timer) {
        guard !isFinished else { return }
        switch timer {
        case .response:
            tries.responseTimer = .none
            responseTookTooLong()
        case .perTry:
            tries.tryTimer = .none
            tryTookTooLong()
        case .backoff:
            tries.pauseTimer = .none
            tryNow()
        case .delay:
            tries.pauseTimer = .none
            delayEnded()
        case .lookup:
            tries.pauseTimer = .none
            lookupTookTooLong()
        }
    }

    /// The request is complete and on its way: Envoy's router counts from here, so that neither a
    /// slow client nor a fault's delay uses up what the destination is given.
    func startResponseTimer() {
        guard let policy = forward?.policy, policy.timeoutMs > 0, requestIsRead, cluster != nil,
            tries.responseTimer == .none
        else { return }
        timeoutStartNs = worker.loop.nowNs
        tries.responseTimer = set(.response, afterMs: policy.timeoutMs)
    }

    /// Of a try, once the request is complete; a pause in the client's sending is not the
    /// endpoint's.
    func startTryTimer() {
        guard let limit = forward?.policy.perTryTimeoutMs, limit > 0, requestIsRead, !answerBegan,
            upstream != nil, tries.tryTimer == .none
        else { return }
        tries.tryTimer = set(.perTry, afterMs: limit)
    }

    func set(_ timer: Tries.Timer, afterMs delay: UInt32) -> TimerID {
        worker.loop.timers.schedule(afterMs: UInt64(delay), target: self, tag: timer.rawValue)
    }

    func cancelTryTimer() {
        guard tries.tryTimer != .none else { return }
        worker.loop.timers.cancel(tries.tryTimer)
        tries.tryTimer = .none
    }

    /// No try will follow: nothing is waited for any more.
    func cancelTimers() {
        cancelTryTimer()
        if tries.responseTimer != .none {
            worker.loop.timers.cancel(tries.responseTimer)
            tries.responseTimer = .none
        }
        if tries.pause != .none { endPause() }
    }

    /// The pause is over, by its end or before it.
    func endPause() {
        if tries.pause == .delay { client?.listener.httpStats.subtract(.faultActive) }
        if let wait = nameWait {
            worker.nameCache.cancel(wait)
            nameWait = nil
        }
        tries.pause = .none
        worker.loop.timers.cancel(tries.pauseTimer)
        tries.pauseTimer = .none
    }

    private func responseTookTooLong() {
        cluster?.stats.add(.upstreamRqTimeout)
        noteTimeout()
        guard let client else { return }
        dropUpstream()
        guard answerBegan else {
            reply(Reply(.responseTimeout))
            return
        }
        flushResponse()
        client.listener.httpStats.add(.downstreamRqTxReset)
        note(.responseTimeoutAfterHead)
        finish()
        client.abort()
    }

    private func tryTookTooLong() {
        guard !answerBegan, upstream != nil else { return }
        cluster?.stats.add(.upstreamRqPerTryTimeout)
        noteTimeout()
        dropUpstream()
        upstreamFailed(.perTryTimeout)
    }

    /// The endpoint was asked and has not answered in time; in a pause, or in line for a
    /// connection, nobody was.
    private func noteTimeout() {
        guard let upstream, !(upstream is WaitingStream), !answerBegan else { return }
        upstream.endpoint.timedOut()
    }

    /// What the endpoint is told to have: `x-envoy-expected-rq-timeout-ms`; 0: as long as it likes.
    var expectedTimeoutMs: UInt64 {
        guard let policy = forward?.policy else { return 0 }
        let perTry = UInt64(policy.perTryTimeoutMs)
        guard policy.timeoutMs > 0 else { return perTry }
        var left = UInt64(policy.timeoutMs)
        if tries.responseTimer != .none {
            let passed = (worker.loop.nowNs &- timeoutStartNs) / 1_000_000
            left = left > passed ? left - passed : 1
        }
        return perTry > 0 ? min(perTry, left) : left
    }
}
