// Faults made on purpose, before anything goes upstream: a delay, then an error.
// Both are drawn for each request on its own, in millionths (Envoy's fault filter).
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// False where the request goes on at once, unharmed.
    func suffers(_ fault: FaultPolicy) -> Bool {
        if let delay = fault.delay, isDrawn(delay.share) {
            flags.formUnion(.delayInjected)
            if let stats = client?.listener.httpStats {
                stats.add(.faultDelaysInjected)
                stats.add(.faultActive)
            }
            tries.pause = .delay
            tries.pauseTimer = set(.delay, afterMs: delay.milliseconds)
            return true
        }
        return aborts(fault)
    }

    func delayEnded() {
        guard tries.pause == .delay, let forward else { return }
        endPause()
        if let fault = forward.policy.fault, aborts(fault) { return }
        pass(to: forward)
    }

    private func aborts(_ fault: FaultPolicy) -> Bool {
        guard let abort = fault.abort, isDrawn(fault.abortShare) else { return false }
        client?.listener.httpStats.add(.faultAbortsInjected)
        var answer = Reply(.faultAbort)
        switch abort {
        case .http(let status): answer.status = status
        // To whom gRPC means nothing it is a 200 with this body.
        case .grpc(let status):
            answer.status = 200
            answer.grpcStatus = status
        }
        reply(answer)
        return true
    }

    private func isDrawn(_ share: UInt32) -> Bool {
        share > 0 && worker.random.below(1_000_000) < share
    }
}
