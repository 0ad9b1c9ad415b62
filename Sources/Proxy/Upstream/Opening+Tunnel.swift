// The last step of connections through an HTTP proxy: it is asked for the way to the far end, and
// the connection stands when it says yes.
// Within the connect timeout as everything before: a proxy that says nothing is no better than one
// that does not answer TCP.
import Mesh
import Net
import Telemetry

extension Opening {
    func ask(_ policy: TunnelPolicy, _ readiness: Readiness) {
        let question = TunnelQuestion(policy, limits: worker.settings.limits.http)
        self.question = question
        // Whoever is at the endpoint may have spoken behind its handshake.
        var spoken = Buffer()
        if socket.tls != nil { spoken.append(loop.scratch.readable) }
        var head = Buffer()
        question.appendHead(to: &head)
        guard socket.write(head.readable, loop) else {
            fail(.tunnel("the connection broke"))
            return
        }
        if !spoken.isEmpty { _ = decide(question, spoken.readable, readiness) }
    }

    /// Another event while the answer is waited for.
    func goOn(_ question: TunnelQuestion, _ readiness: Readiness) {
        if readiness.contains(.error) || socket.unsentBytes > 0 && !socket.flush(loop) {
            fail(.tunnel("the connection broke"))
            return
        }
        var count = 0
        defer { endpoint.cluster.stats.add(.upstreamCxRxBytesTotal, UInt64(count)) }
        while true {
            switch socket.read(loop, counting: &count) {
            case .bytes:
                guard decide(question, loop.scratch.readable, readiness) else { return }
            case .wouldBlock: return
            case .end, .cut, .failed:
                fail(.tunnel("the connection ended without an answer"))
                return
            }
        }
    }

    /// True while it is undecided.
    private func decide(
        _ question: TunnelQuestion, _ bytes: ByteView, _ readiness: Readiness
    ) -> Bool {
        switch question.hear(bytes) {
        case .undecided: return true
        case .refused(let failure): fail(failure)
        case .stands(let rest):
            early.append(bytes.suffix(from: rest))
            conclude(readiness)
        }
        return false
    }
}
