// When connections to a cluster end by themselves: what `connectionPool` says, or the process's
// limits where it says nothing.
import Mesh
import Net

struct ConnectionLifetime {
    /// Without a request; 0: never.
    private(set) var idleMs: UInt64 = 0
    /// From its beginning, after which it takes no more requests; 0: never.
    private(set) var durationMs: UInt64 = 0
    /// Requests it takes; 0: any number.
    private(set) var requests: UInt32 = 0
    /// Requests at the same time, over HTTP/2.
    private(set) var streams = Int.max
    /// PING frames of HTTP/2; nil: none.
    private(set) var pings: PoolPolicy.Pings?

    init() {}

    init(_ pool: PoolPolicy?, defaultIdleMs: UInt64) {
        idleMs = pool?.lifetime.httpIdleMs.map { UInt64($0) } ?? defaultIdleMs
        guard let pool else { return }
        durationMs = UInt64(pool.lifetime.durationMs)
        requests = pool.lifetime.requests
        if pool.concurrentStreams < .max { streams = Int(pool.concurrentStreams) }
        pings = pool.pings
    }

    /// Whether a connection that has taken so many requests takes no more.
    func isSpent(_ taken: Int) -> Bool { requests > 0 && taken >= Int(requests) }

    /// The timer of a connection that begins now, which fires when it is old enough.
    func scheduleEnd(of connection: TimerTarget, _ timers: TimerWheel) -> TimerID {
        guard durationMs > 0 else { return .none }
        return timers.schedule(
            afterMs: durationMs, target: connection, tag: ConnectionTimer.duration)
    }
}
