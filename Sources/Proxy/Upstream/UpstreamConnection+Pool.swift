// What becomes of a connection whose answer is over, or is not wanted: the pool, or the end.
// Errors that are tried again are mostly short: reading them over costs less than a new connection.
import HTTP
import Mesh
import Net
import Telemetry

extension UpstreamConnection {
    /// Into the pool where it can be used again.
    func goBack(isReusable: Bool, leftover: Int) {
        let leftover = leftover + (canRead ? bytesBehind() : 0)
        if leftover > 0 { stats.add(.upstreamCxProtocolError) }
        if isReusable, leftover == 0, requestIsComplete, unsentBytes == 0, !peerClosed,
            !writeFailed, mayServeMore, endpoint.keepIdle(self)
        {
            state = .idle
            endpoint.cluster.capacityFreed()
            idleSinceMs = loop.nowMs
            let idleMs = endpoint.cluster.lifetime.idleMs
            if idleMs > 0, !loop.timers.isPending(timer) {
                timer = loop.timers.schedule(
                    afterMs: idleMs, target: self, tag: ConnectionTimer.idle)
            }
        } else {
            stats.add(.upstreamCxDestroyLocal)
            close()
        }
    }

    /// Neither its time nor its share of requests is over, and no other worker needs its place.
    private var mayServeMore: Bool {
        if endpoint.cluster.lifetime.isSpent(served) {
            stats.add(.upstreamCxMaxRequests)
            return false
        }
        return !isExpired && !endpoint.yieldsConnection
    }

    /// What the socket has behind a response that was read up to its last byte and no further. It
    /// would be taken for the answer to the next request.
    private func bytesBehind() -> Int {
        var count = 0
        switch socket.read(loop, counting: &count) {
        case .bytes, .wouldBlock: canRead = false
        case .end, .cut, .failed: peerClosed = true
        }
        return count
    }

    // MARK: - Answers nobody wants

    /// Lets go of the exchange, whose answer has begun, and reads over what is still to come. False
    /// where that is too much, or the connection would be of no use then.
    func readsOver() -> Bool {
        guard let exchange, requestIsComplete, exchange.response.allowsReuse, !peerClosed,
            phase == .done
                || phase == .length && remaining <= worker.settings.limits.discardedBytesMax
        else { return false }
        if phase == .done { remaining = 0 }
        self.exchange = nil
        state = .discarding
        loop.timers.cancel(timer)
        timer = loop.timers.schedule(
            afterMs: worker.settings.limits.lingerMs, target: self,
            tag: ConnectionTimer.discard)
        return true
    }

    func discard(_ bytes: ByteView) {
        let count = min(bytes.count, remaining)
        remaining -= count
        guard remaining == 0 else { return }
        phase = .done
        served += 1
        loop.timers.cancel(timer)
        goBack(isReusable: true, leftover: bytes.count - count)
    }
}
