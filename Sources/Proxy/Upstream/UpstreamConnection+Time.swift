// What becomes of a connection when its time is over: to be old, to idle.
// A timer that fires looks whether it still means anything: a request moves none of them.
import HTTP
import Net
import Telemetry

extension UpstreamConnection {
    func expired() {
        isExpired = true
        endpoint.cluster.protectionStats().add(.cxMaxDurationReached)
        guard state == .idle else { return }
        endpoint.removeIdle(self)
        closeIdle()
    }

    func mayBeIdle() {
        let limit = endpoint.cluster.lifetime.idleMs
        guard state == .idle, limit > 0 else { return }
        let idle = loop.nowMs &- idleSinceMs
        guard idle >= limit else {
            timer = loop.timers.schedule(
                afterMs: limit - idle, target: self, tag: ConnectionTimer.idle)
            return
        }
        stats.add(.upstreamCxIdleTimeout)
        endpoint.removeIdle(self)
        closeIdle()
    }
}
