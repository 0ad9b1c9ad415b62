// A request that goes out a second time, because no endpoint can have acted on it.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// Body bytes kept at most. Calls of gRPC always have a body, and mostly a short one.
    private static let replayBytesMax: UInt64 = 16 * 1024

    /// The upstream's connection was closed while it idled in the pool: nothing of this request was
    /// acted on, so it may go out once more on a fresh one (RFC 9110 section 9.2.2). False when it
    /// cannot be sent again.
    func retryOnFreshConnection() -> Bool {
        guard !isRetry, !hasBody, !answerBegan, request.method.isIdempotent, let endpoint else {
            return false
        }
        endpoint.dropIdle()
        // It may have left the configuration meanwhile; whoever took its place is asked then.
        again(at: endpoint.isRetired ? cluster?.pick(wish) ?? endpoint : endpoint, fresh: true)
        return true
    }

    /// The endpoint has refused the request unread (RFC 9113 section 8.7): it may go out once more,
    /// whatever it asks for, as long as its body is still here from the first byte.
    func retryElsewhere() -> Bool {
        guard !isRetry, !answerBegan, requestBytes == UInt64(replay.count), let endpoint else {
            return false
        }
        response.reset()
        again(at: cluster?.pick(wish) ?? endpoint, fresh: false)
        return true
    }

    private func again(at next: EndpointState, fresh: Bool) {
        isRetry = true
        upstream = nil
        if let endpoint, next !== endpoint {
            endpoint.activeRequests -= 1
            next.activeRequests += 1
            next.requestsTotal += 1
            self.endpoint = next
        }
        reach(next, fresh: fresh)
        guard hasBody, let upstream else { return }
        if !replay.isEmpty {
            upstream.sendBody(replay.readable)
            upstream.flushBody()
        }
        if requestIsRead { upstream.endBody() }
    }

    /// Keeps a piece of the body; with more than a little of it none is kept.
    func keepForReplay(_ bytes: ByteView) {
        if requestBytes <= Self.replayBytesMax {
            replay.append(bytes)
        } else {
            replay.removeAll()
        }
    }
}
