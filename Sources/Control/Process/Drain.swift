// Ending without cutting anybody off: nothing new is accepted, what is under way may finish.
internal import Net
internal import Proxy

/// One ending, from the first signal to the end of the loop. Asks the workers every few
/// milliseconds how much is left.
final class Drain: TimerTarget {
    /// Between two questions.
    private static let askMs: UInt64 = 10
    /// After the last request has ended, its last bytes may still be on their way to a slow client.
    private static let flushMs: UInt64 = 1_000

    private let loop: Loop
    private let crew: Crew
    private let counts: ProcessCounts
    private let deadlineNs: UInt64
    private var idleSinceNs: UInt64?
    private let finished: (_ left: Int) -> Void
    /// True once everything has ended by itself.
    private(set) var isComplete = false

    /// - Parameter finished: called once, with the number of requests that had to be cut off.
    init(
        loop: Loop, crew: Crew, counts: ProcessCounts, withinMs limit: UInt64,
        finished: @escaping (_ left: Int) -> Void
    ) {
        self.loop = loop
        self.crew = crew
        self.counts = counts
        deadlineNs = Machine.monotonicNs + limit * 1_000_000
        self.finished = finished
    }

    func start() {
        crew.tell { $0.drain() }
        ask()
    }

    private func ask() {
        crew.ask(withinMs: 1_000) { worker, _ in
            worker.activeCount
        } then: { [weak self] answers in
            self?.consider(answers)
        }
    }

    private func consider(_ answers: [Int]) {
        let left = answers.reduce(0, +)
        let nowNs = Machine.monotonicNs
        let everybodyAnswered = answers.count == crew.count
        if left == 0, everybodyAnswered {
            let since = idleSinceNs ?? nowNs
            idleSinceNs = since
            let isFlushed = counts.connectionCount == 0
            if isFlushed || nowNs - since > Self.flushMs * 1_000_000 {
                isComplete = true
                finished(0)
                return
            }
        } else {
            idleSinceNs = nil
        }
        guard nowNs < deadlineNs else {
            finished(max(left, 1))
            return
        }
        _ = loop.timers.schedule(afterMs: Self.askMs, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) {
        ask()
    }
}
