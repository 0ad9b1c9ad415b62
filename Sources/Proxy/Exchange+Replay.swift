// The body of a request as long as all of it is here: it can be sent again.
// What is kept is bounded for each request and for all of a loop; a body beyond that goes up once.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// Every byte of the body that came is kept, so another try can begin with the first.
    var canReplay: Bool { requestBytes == UInt64(replay.count) }

    /// Keeps a piece of the body that went up as well; what was kept before goes where this one
    /// would be too much.
    func keepForReplay(_ bytes: ByteView) {
        let limits = worker.settings.limits
        guard replay.count + bytes.count <= limits.replayBytesMax,
            worker.replayBytes + bytes.count <= limits.replayTotalBytesMax
        else {
            cluster?.stats.add(.retryOrShadowAbandoned)
            dropReplay()
            return
        }
        keep(bytes)
    }

    /// Keeps a piece of the body that cannot go anywhere yet. Its client is not read on beyond the
    /// high-water mark, see `canTakeBody`.
    func keep(_ bytes: ByteView) {
        worker.replayBytes += bytes.count
        replay.append(bytes)
    }

    /// From here on the request cannot be sent again.
    func dropReplay() {
        keepsBody = false
        forgetReplay()
    }

    func forgetReplay() {
        guard replay.allocatedBytes > 0 else { return }
        worker.replayBytes -= replay.count
        replay.empty(keeping: Self.replayBytesKept)
    }

    /// Of the buffer, from one request to the next.
    private static let replayBytesKept = 1024

    /// What of the body came before this try goes up on it.
    func sendKeptBody() {
        // What follows an upgrade goes up when the endpoint has agreed, but for a stream of HTTP/2.
        guard let stream = upstream, !becomesTunnel || stream.mayRefuse else { return }
        if !replay.isEmpty {
            stream.sendBody(replay.readable)
            stream.flushBody()
            // It may have been kept for want of a connection alone.
            if !keepsBody { forgetReplay() }
        }
        guard upstream === stream else { return }
        if requestIsRead { stream.endBody() } else if canTakeBody { client?.advance() }
    }
}
