// Keeps the addresses of all names that a process needs, and tells when they change.
// Names are looked up once for the process, on one loop, and again when their TTL is over; nobody
// on a request's way ever waits for a resolver.

/// What is known now of a name.
public struct NameChange: Sendable {
    public let name: String
    /// With port 0; nil when the name is not kept any more.
    public let addresses: [SocketAddress]?
    /// Why there are no addresses.
    public let problem: NameProblem?

    public init(name: String, addresses: [SocketAddress]?, problem: NameProblem?) {
        self.name = name
        self.addresses = addresses
        self.problem = problem
    }
}

public final class NameService: Pollable {
    private final class Entry: TimerTarget {
        let name: String
        var record = NameRecord()
        var timer = TimerID.none
        var isAsking = false
        /// False when it was let go of.
        var isKept = true
        /// Spent by the first good answer.
        var earlyMs: UInt64
        unowned let service: NameService

        init(_ name: String, _ service: NameService, earlyMs: UInt64) {
            self.name = name
            self.service = service
            self.earlyMs = earlyMs
        }

        override func timerFired(tag: UInt8) { service.ask(self) }
    }

    private struct Wait {
        var missing: Set<String>
        var then: () -> Void
    }

    private let resolver: Resolver
    private unowned let loop: Loop
    private let changed: ([NameChange]) -> Void
    private var entries: [String: Entry] = [:]
    private var changes: [NameChange] = []
    private var wait: Wait?
    private var waitTimer = TimerID.none
    private var random = Random()

    /// - Parameter changed: gets what changed in one round of the loop, on the loop's thread.
    public init(
        _ settings: ResolverSettings, loop: Loop, changed: @escaping ([NameChange]) -> Void
    ) {
        resolver = Resolver(settings, loop: loop)
        self.loop = loop
        self.changed = changed
    }

    public var counts: ResolverCounts { resolver.counts }

    public var count: Int { entries.count }

    /// Names whose addresses are older than their answer allowed.
    public var staleCount: Int { entries.values.count { $0.record.isStale } }

    /// nil for a name that is not kept.
    public subscript(name: String) -> NameRecord? { entries[name]?.record }

    /// By name.
    public var records: [String: NameRecord] { entries.mapValues(\.record) }

    /// Milliseconds between the second questions for names that were first asked for together.
    private static let betweenMs = 10

    /// Keeps these names (lower case) from now on, beside those kept already.
    public func add(_ names: Set<String>) {
        let new = names.filter { entries[$0] == nil }
        // Thousands of names would be due in one moment, again and again: instead their second
        // turn comes before its time, each by another while.
        let earlyMs = UInt64(max(0, new.count - 1) * Self.betweenMs)
        for name in new {
            let entry = Entry(name, self, earlyMs: earlyMs)
            entries[name] = entry
            ask(entry)
        }
    }

    /// Keeps these names and no others.
    public func keepOnly(_ names: Set<String>) {
        for (name, entry) in entries where !names.contains(name) {
            loop.timers.cancel(entry.timer)
            entry.isKept = false
            entries[name] = nil
            tell(NameChange(name: name, addresses: nil, problem: nil))
        }
        add(names)
    }

    /// Calls `then` when each of these names has been answered, one way or the other, or the time
    /// is up; at once where nothing is missing. Everything known by then has been told before. One
    /// at a time: the one before is forgotten.
    public func whenAnswered(
        _ names: Set<String>, withinMs limit: UInt64, then: @escaping () -> Void
    ) {
        loop.timers.cancel(waitTimer)
        let missing = names.filter { entries[$0].map { !$0.record.isSettled } ?? false }
        wait = Wait(missing: missing, then: then)
        if missing.isEmpty {
            endWait()
        } else {
            waitTimer = loop.timers.schedule(afterMs: limit, target: self, tag: 0)
        }
    }

    /// Forgets the wait of `whenAnswered`.
    public func cancelWait() {
        loop.timers.cancel(waitTimer)
        wait = nil
    }

    override public func timerFired(tag: UInt8) { endWait() }

    private func endWait() {
        loop.timers.cancel(waitTimer)
        guard let wait else { return }
        self.wait = nil
        roundEnded()
        wait.then()
    }

    private func ask(_ entry: Entry) {
        guard !entry.isAsking else { return }
        entry.isAsking = true
        entry.record.asked()
        resolver.lookUp(entry.name, isSuspect: entry.record.isSuspect) { [weak self] answer in
            self?.take(answer, for: entry)
        }
    }

    private func take(_ answer: NameAnswer, for entry: Entry) {
        let before = entry.record
        let hasChanged = entry.record.take(
            answer, nowMs: loop.nowMs, earlyMs: entry.earlyMs, random: &random)
        if answer.isComplete { entry.isAsking = false }
        guard entry.isKept else { return }
        if answer.isComplete {
            if !entry.record.isSuspect { entry.earlyMs = 0 }
            let now = loop.nowMs
            let due = entry.record.refreshAtMs
            entry.timer = loop.timers.schedule(
                afterMs: due > now ? due - now : 0, target: entry, tag: 0)
        }
        if hasChanged || !before.isSettled && entry.record.isSettled
            || entry.record.addresses.isEmpty && before.problem != entry.record.problem
        {
            tell(
                NameChange(
                    name: entry.name, addresses: entry.record.addresses,
                    problem: entry.record.problem))
        }
        guard entry.record.isSettled, wait?.missing.remove(entry.name) != nil else { return }
        if wait?.missing.isEmpty == true { endWait() }
    }

    private func tell(_ change: NameChange) {
        if changes.isEmpty { loop.atEndOfThisRound(self) }
        changes.append(change)
    }

    override public func roundEnded() {
        guard !changes.isEmpty else { return }
        let told = changes
        changes = []
        changed(told)
    }
}

extension NameRecord {
    /// Requests can be served, or it is known that they cannot.
    var isSettled: Bool { isAnswered || !addresses.isEmpty }
}
