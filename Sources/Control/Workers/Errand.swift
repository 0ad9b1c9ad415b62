// A question put to all workers, and the answers that have come back so far.
// A worker that is busy, or stuck, must not hold up whoever asks: after a while the errand ends
// with the answers there are.
internal import Net

/// Lives on the control loop's thread.
final class Errand<Answer: Sendable>: TimerTarget {
    private var answers: [Answer] = []
    private var missing: Int
    private var then: (([Answer]) -> Void)?
    private var timer = TimerID.none
    private unowned let loop: Loop

    /// - Parameter then: gets the answers in the order they came; called once.
    init(
        expecting count: Int, withinMs limit: UInt64?, loop: Loop,
        then: @escaping ([Answer]) -> Void
    ) {
        missing = count
        self.then = then
        self.loop = loop
        super.init()
        if let limit { timer = loop.timers.schedule(afterMs: limit, target: self, tag: 0) }
    }

    func receive(_ answer: Answer) {
        guard then != nil else { return }
        answers.append(answer)
        missing -= 1
        if missing == 0 { finish() }
    }

    override func timerFired(tag: UInt8) {
        finish()
    }

    private func finish() {
        guard let then else { return }
        self.then = nil
        loop.timers.cancel(timer)
        then(answers)
    }
}
