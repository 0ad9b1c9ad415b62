// Looks again at clients that were let in by certificates or rules that have changed since.
// A few at a time, for each look verifies a chain of signatures, and requests of others wait
// meanwhile.
import Net

final class PeerReview: TimerTarget {
    private struct Entry { weak var identity: PeerIdentity? }

    private var waiting: [Entry]
    private let loop: Loop
    /// About 2 ms of signatures.
    private static let batchMax = 16

    init(of identities: [PeerIdentity], on loop: Loop) {
        waiting = identities.map { Entry(identity: $0) }
        self.loop = loop
        super.init()
    }

    /// Not within the caller's turn: the rest of what changes is there by then.
    func begin() {
        _ = loop.timers.schedule(afterMs: 0, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) {
        for _ in 0..<min(Self.batchMax, waiting.count) {
            waiting.removeLast().identity?.reconsider()
        }
        if !waiting.isEmpty { _ = loop.timers.schedule(afterMs: 1, target: self, tag: 0) }
    }
}
