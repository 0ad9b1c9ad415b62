// Names that are looked up when somebody wants to call them, for one loop: what the request says
// decides, and nobody knows it before.
// Bounded in every way, because the callers choose the names: so many are kept, so many may wait,
// and a name that nobody calls is neither asked for again nor kept.

public final class NameCache: Pollable {
    public struct Limits: Sendable {
        /// Names kept (Envoy's `max_hosts`).
        public var namesMax = 1024
        /// Who waits for an answer, over all names (Envoy's `max_pending_requests`).
        public var waitsMax = 1024
        /// Milliseconds after which a name that was not called leaves (Envoy's `host_ttl`).
        public var unusedMs: UInt64 = 300_000

        public init() {}
    }

    public enum Readiness: Sendable { case known, asking }

    /// Of names that came and went since the start.
    public private(set) var added: UInt64 = 0
    public private(set) var removed: UInt64 = 0
    /// Calls for which there was no room.
    public private(set) var overflows: UInt64 = 0
    private let resolver: Resolver
    private unowned let loop: Loop
    private let limits: Limits
    private let left: (CachedName) -> Void
    private var names: [String: CachedName] = [:]
    private var waiting = 0
    /// Whose answer is there; called when this round of events is over.
    private var answered: [NameWait] = []
    private var random = Random()

    /// - Parameter left: gets each name that is kept no longer.
    public init(
        _ settings: ResolverSettings, limits: Limits = Limits(), loop: Loop,
        left: @escaping (CachedName) -> Void
    ) {
        resolver = Resolver(settings, loop: loop)
        self.loop = loop
        self.limits = limits
        self.left = left
    }

    public var count: Int { names.count }
    public var counts: ResolverCounts { resolver.counts }
    /// Names whose addresses are older than their answer allowed.
    public var staleCount: Int { names.values.count { $0.record.isStale } }

    /// The name, which is kept from now on; nil where there is no room for it.
    /// - Parameter name: lower case without the root's dot, as `HostSyntax` takes it; or an IP
    ///   literal without brackets, which is its own answer.
    public func name(_ name: String) -> CachedName? {
        if let known = names[name] { return known }
        guard names.count < limits.namesMax || makeRoom() else {
            overflows += 1
            return nil
        }
        let made = CachedName(name, in: self, nowMs: loop.nowMs)
        names[name] = made
        added += 1
        if made.isLiteral { schedule(made, atMs: made.usedMs + limits.unusedMs) }
        return made
    }

    /// Somebody calls `name` now.
    /// - Returns: whether its addresses, or its problem, may be gone by. If not, they are being
    ///   asked for.
    public func use(_ name: CachedName) -> Readiness {
        name.usedMs = loop.nowMs
        name.wasUsed = true
        if name.isDue, !name.isAsking { ask(name) }
        return name.isDue ? .asking : .known
    }

    /// Calls `then` once, when what `use` has asked for is there; nil where too many wait.
    public func wait(for name: CachedName, then: @escaping () -> Void) -> NameWait? {
        guard waiting < limits.waitsMax else {
            overflows += 1
            return nil
        }
        waiting += 1
        let wait = NameWait(name, then)
        name.waits.append(wait)
        return wait
    }

    /// The caller waits no longer, and will not be called.
    public func cancel(_ wait: NameWait) {
        guard wait.then != nil else { return }
        wait.then = nil
        waiting -= 1
        wait.name.waits.removeAll { $0 === wait }
    }

    // MARK: - Answers

    private func ask(_ name: CachedName) {
        name.isAsking = true
        name.wasUsed = false
        name.record.asked()
        loop.timers.cancel(name.timer)
        // `db` alone is for resolv.conf to complete; anything longer means what it says, or a name
        // beyond the allowed ones could be asked for.
        let isWhole = name.text.utf8.contains(UInt8(ascii: "."))
        resolver.lookUp(name.text, isSuspect: name.record.isSuspect, isWhole: isWhole) {
            [weak self] answer in self?.take(answer, for: name)
        }
    }

    private func take(_ answer: NameAnswer, for name: CachedName) {
        _ = name.record.take(answer, nowMs: loop.nowMs, random: &random)
        if answer.isComplete { name.isAsking = false }
        guard answer.isComplete || answer.hasAddresses else { return }
        name.isDue = false
        if answer.isComplete, !name.hasLeft {
            schedule(name, atMs: name.record.refreshAtMs)
        }
        guard !name.waits.isEmpty else { return }
        // An answer may come inside somebody's own call, who is using the loop's buffers.
        if answered.isEmpty { loop.atEndOfThisRound(self) }
        answered += name.waits
        name.waits.removeAll()
    }

    override public func roundEnded() {
        let waits = answered
        answered = []
        for wait in waits {
            // Whoever was called before may have called this one off.
            guard let then = wait.then else { continue }
            wait.then = nil
            waiting -= 1
            then()
        }
    }

    // MARK: - Time

    private func schedule(_ name: CachedName, atMs due: UInt64) {
        let now = loop.nowMs
        loop.timers.cancel(name.timer)
        name.timer = loop.timers.schedule(
            afterMs: due > now ? due - now : 0, target: name, tag: 0)
    }

    /// The answer is over, or nobody has called for long.
    fileprivate func timeIsUp(for name: CachedName) {
        let leavesMs = name.usedMs + limits.unusedMs
        if loop.nowMs >= leavesMs, name.waits.isEmpty {
            remove(name)
        } else if name.wasUsed, !name.isLiteral {
            ask(name)
        } else {
            // Whoever calls next waits for a new answer.
            name.isDue = !name.isLiteral
            schedule(name, atMs: leavesMs)
        }
    }

    private func remove(_ name: CachedName) {
        loop.timers.cancel(name.timer)
        name.hasLeft = true
        names[name.text] = nil
        removed += 1
        left(name)
    }

    /// Lets the name go that is missed least: one without addresses, else the one called longest
    /// ago. False where somebody waits for each of them.
    private func makeRoom() -> Bool {
        let free = names.values.lazy.filter { !$0.isAsking && $0.waits.isEmpty }
        let last = free.min { one, two in
            let hasNone = (one.addresses.isEmpty, two.addresses.isEmpty)
            return hasNone.0 == hasNone.1 ? one.usedMs < two.usedMs : hasNone.0
        }
        guard let last else { return false }
        remove(last)
        return true
    }
}

/// A name that is kept, with what is known of it.
public final class CachedName: TimerTarget {
    /// Lower case; IP literals without brackets.
    public let text: String
    private let literal: SocketAddress?
    fileprivate(set) var record = NameRecord()
    fileprivate var waits: [NameWait] = []
    /// Monotonic milliseconds of the latest call.
    public fileprivate(set) var usedMs: UInt64
    /// Since it was last asked for.
    fileprivate var wasUsed = false
    fileprivate var isAsking = false
    /// What is known is not to be gone by without asking.
    fileprivate var isDue: Bool
    fileprivate var timer = TimerID.none
    /// It is kept no longer: who calls it again gets another.
    public fileprivate(set) var hasLeft = false
    private unowned let cache: NameCache

    fileprivate init(_ text: String, in cache: NameCache, nowMs: UInt64) {
        self.text = text
        self.cache = cache
        literal = SocketAddress(host: text, port: 0)
        usedMs = nowMs
        isDue = literal == nil
    }

    public var isLiteral: Bool { literal != nil }

    /// With port 0; empty where `problem` says why.
    public var addresses: [SocketAddress] { literal.map { [$0] } ?? record.addresses }

    public var problem: NameProblem? { record.problem }

    override public func timerFired(tag: UInt8) { cache.timeIsUp(for: self) }
}

/// Somebody who waits for a name.
public final class NameWait {
    fileprivate let name: CachedName
    /// nil: called, or called off.
    fileprivate var then: (() -> Void)?

    fileprivate init(_ name: CachedName, _ then: @escaping () -> Void) {
        self.name = name
        self.then = then
    }
}
