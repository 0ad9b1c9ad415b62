// A byte tunnel: two ends, each passing on what the other reads.
// TCP routes, upgraded connections and streams (WebSocket) are the same thing from here on.
import Net

/// What the two ends of a tunnel have in common with the rest of the proxy.
class TunnelOwner {
    /// Both ends are closed.
    func tunnelEnded(_ tunnel: Tunnel) {}
    /// Bytes have moved since the last report, and that was a while ago.
    func tunnelMoves(_ tunnel: Tunnel) {}
    /// The listener it came in by.
    var acceptedBy: Listener? { nil }
    /// It is about to end because of its age, or because nothing moved.
    func tunnelExpired(_ expiry: TunnelExpiry) {}
}

/// How long a tunnel may last; 0 is for ever.
struct TunnelLifetime {
    /// Without a byte in either direction.
    var idleMs: UInt64 = 0
    /// From its beginning, whatever moves.
    var durationMs: UInt64 = 0
}

/// Why a tunnel was ended by its proxy.
enum TunnelExpiry: UInt8 { case idle, duration }

/// Two ends and the bytes between them.
final class Tunnel: TimerTarget {
    let worker: Worker
    let owner: TunnelOwner
    private(set) var downstream: TunnelEnd?
    private(set) var upstream: TunnelEnd?
    /// Body bytes from the client and to it.
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    private var isOver = false
    private let lifetime: TunnelLifetime
    private var idleTimer = TimerID.none
    private var durationTimer = TimerID.none
    private var lastMovedMs: UInt64 = 0
    private var lastReportMs: UInt64 = 0
    /// Istio's, for connections that last.
    private static let reportMs: UInt64 = 5_000

    init(worker: Worker, owner: TunnelOwner, lifetime: TunnelLifetime = TunnelLifetime()) {
        self.worker = worker
        self.owner = owner
        self.lifetime = lifetime
        super.init()
    }

    /// Starts to move bytes. `fromClient` and `fromUpstream` were read before and go first.
    func start(
        downstream one: TunnelEnd, upstream other: TunnelEnd,
        fromClient: borrowing Buffer, fromUpstream: borrowing Buffer
    ) {
        downstream = one
        upstream = other
        startTimers()
        one.tunnel = self
        other.tunnel = self
        one.partner = other
        other.partner = one
        bytesReceived += UInt64(fromClient.count)
        bytesSent += UInt64(fromUpstream.count)
        one.write(fromUpstream.readable)
        other.write(fromClient.readable)
        one.watch()
        other.watch()
    }

    func moved(_ count: Int, fromDownstream: Bool) {
        lastMovedMs = worker.loop.nowMs
        defer { reportIfDue() }
        if fromDownstream {
            bytesReceived += UInt64(count)
        } else {
            bytesSent += UInt64(count)
        }
    }

    /// With the bytes that move, so that a tunnel that waits costs nothing.
    private func reportIfDue() {
        guard lastMovedMs &- lastReportMs >= Self.reportMs else { return }
        lastReportMs = lastMovedMs
        owner.tunnelMoves(self)
    }

    /// Both peers have finished and everything they said is passed on.
    func closeIfFinished() {
        guard let downstream, let upstream, downstream.outputEnded, upstream.outputEnded else {
            return
        }
        end { $0.close() }
    }

    /// A peer broke off: what it said may not be whole, so the other must not see a clean end.
    func reset() {
        end { $0.reset() }
    }

    private func end(_ close: (TunnelEnd) -> Void) {
        guard !isOver else { return }
        isOver = true
        worker.loop.timers.cancel(idleTimer)
        worker.loop.timers.cancel(durationTimer)
        for case let tunnelEnd? in [downstream, upstream] {
            close(tunnelEnd)
            tunnelEnd.tunnel = nil
        }
        downstream = nil
        upstream = nil
        owner.tunnelEnded(self)
    }

    // MARK: - Time

    private func startTimers() {
        let timers = worker.loop.timers
        lastMovedMs = worker.loop.nowMs
        lastReportMs = lastMovedMs
        if lifetime.idleMs > 0 {
            idleTimer = timers.schedule(
                afterMs: lifetime.idleMs, target: self, tag: TunnelExpiry.idle.rawValue)
        }
        if lifetime.durationMs > 0 {
            durationTimer = timers.schedule(
                afterMs: lifetime.durationMs, target: self, tag: TunnelExpiry.duration.rawValue)
        }
    }

    /// The idle timer is left as it is while bytes move, and looks again when it fires.
    override func timerFired(tag: UInt8) {
        guard !isOver, let expiry = TunnelExpiry(rawValue: tag) else { return }
        if expiry == .idle {
            let idle = worker.loop.nowMs &- lastMovedMs
            guard idle >= lifetime.idleMs else {
                idleTimer = worker.loop.timers.schedule(
                    afterMs: lifetime.idleMs - idle, target: self, tag: tag)
                return
            }
        }
        owner.tunnelExpired(expiry)
        end { $0.close() }
    }
}
