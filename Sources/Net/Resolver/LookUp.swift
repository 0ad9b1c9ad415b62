// One look-up under way: the questions for both families, and what has come of them.
// Addresses of one family do not wait for the other's longer than RFC 8305 section 3 says.

final class LookUp: TimerTarget {
    private let name: String
    private unowned let loop: Loop
    private let then: (NameAnswer) -> Void
    private var answer = NameAnswer(v4: .pending, v6: .pending)
    private var timer = TimerID.none

    init(_ name: String, loop: Loop, then: @escaping (NameAnswer) -> Void) {
        self.name = name
        self.loop = loop
        self.then = then
    }

    /// - Parameter delayMs: how long one family's addresses wait for the other's.
    func start(on channel: ResolverChannel, delayMs: UInt64) {
        channel.ask(name, isIPv6: false) { result in
            self.answer.v4 = .init(result)
            self.advance(delayMs)
        }
        channel.ask(name, isIPv6: true) { result in
            self.answer.v6 = .init(result).reachable
            self.advance(delayMs)
        }
    }

    func fail(_ problem: NameProblem) {
        then(NameAnswer(v4: .none(problem), v6: .none(problem)))
    }

    private func advance(_ delayMs: UInt64) {
        if answer.isComplete {
            loop.timers.cancel(timer)
            then(answer)
        } else if answer.hasAddresses {
            timer = loop.timers.schedule(afterMs: delayMs, target: self, tag: 0)
        }
    }

    override func timerFired(tag: UInt8) {
        if !answer.isComplete { then(answer) }
    }
}

extension NameAnswer.Family {
    fileprivate init(_ result: Result<FamilyAddresses, NameProblem>) {
        switch result {
        case .success(let found):
            self = .addresses(found.addresses, ttlSeconds: found.ttlSeconds)
        case .failure(let problem): self = .none(problem)
        }
    }

    /// Without addresses of networks this machine is not part of (RFC 6724 section 6, rule 1).
    fileprivate var reachable: NameAnswer.Family {
        guard case .addresses(let all, let ttlSeconds) = self else { return self }
        let reachable = all.filter(Socket.hasRoute)
        return reachable.isEmpty
            ? .none(.noRoute) : .addresses(reachable, ttlSeconds: ttlSeconds)
    }
}

extension NameAnswer {
    /// Why there are no addresses; what may pass comes before what will not, as it may hide some.
    var problem: NameProblem? {
        var found: NameProblem?
        for case .none(let problem) in [v4, v6]
        where found == nil || found?.isFinal == true && !problem.isFinal
            || found == .noAddress && problem == .noRoute
        {
            found = problem
        }
        return found
    }
}
