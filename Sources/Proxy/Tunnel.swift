// A byte tunnel: two ends, each passing on what the other reads.
// TCP routes, upgraded connections and streams (WebSocket) are the same thing from here on.
import Net

/// What the two ends of a tunnel have in common with the rest of the proxy.
class TunnelOwner {
    /// Both ends are closed.
    func tunnelEnded(_ tunnel: Tunnel) {}
}

/// Two ends and the bytes between them.
final class Tunnel {
    let worker: Worker
    let owner: TunnelOwner
    private(set) var downstream: TunnelEnd?
    private(set) var upstream: TunnelEnd?
    /// Body bytes from the client and to it.
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    private var isOver = false

    init(worker: Worker, owner: TunnelOwner) {
        self.worker = worker
        self.owner = owner
    }

    /// Starts to move bytes. `fromClient` and `fromUpstream` were read before and go first.
    func start(
        downstream one: TunnelEnd, upstream other: TunnelEnd,
        fromClient: borrowing Buffer, fromUpstream: borrowing Buffer
    ) {
        downstream = one
        upstream = other
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
        if fromDownstream {
            bytesReceived += UInt64(count)
        } else {
            bytesSent += UInt64(count)
        }
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
        for case let tunnelEnd? in [downstream, upstream] {
            close(tunnelEnd)
            tunnelEnd.tunnel = nil
        }
        downstream = nil
        upstream = nil
        owner.tunnelEnded(self)
    }
}
