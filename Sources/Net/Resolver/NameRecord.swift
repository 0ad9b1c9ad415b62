// What is known of one host name over time: its addresses now, until when they hold, what the last
// look-up said. A value that takes answers and tells when to ask again; it does no IO and reads no
// clock.

public struct NameRecord: Sendable {
    /// Sorted, so that a resolver that shuffles its answers changes nothing.
    public private(set) var addresses: [SocketAddress] = []
    /// Why the last look-up brought nothing, or not everything.
    public private(set) var problem: NameProblem?
    /// The addresses are those of an earlier answer, and later than it allowed: nobody could be
    /// asked since.
    public private(set) var isStale = false
    /// True once a complete answer came, whatever it said.
    public private(set) var isAnswered = false
    /// Monotonic milliseconds at which the addresses are to be asked for again.
    public private(set) var refreshAtMs: UInt64 = 0
    public private(set) var attempts: UInt64 = 0
    public private(set) var successes: UInt64 = 0
    public private(set) var failures: UInt64 = 0
    /// Answers that said there is no address.
    public private(set) var empties: UInt64 = 0
    /// Answers that changed nothing.
    public private(set) var unchanged: UInt64 = 0
    private var v4: [SocketAddress] = []
    private var v6: [SocketAddress] = []
    private var failuresInRow: UInt64 = 0

    public init() {}

    /// Seconds between two looks at a name, whatever its TTL.
    static let ttlSeconds: ClosedRange<UInt32> = 1...3600
    /// Seconds between looks at a name that fails: 1, 2, 4 and so on, up to this (Istio's
    /// `dnsRefreshRate`).
    static let failureSecondsMax: UInt64 = 60

    /// True while the name is not to be believed to answer.
    public var isSuspect: Bool { failuresInRow > 0 }

    mutating func asked() { attempts += 1 }

    /// Takes an answer.
    /// - Parameter earlyMs: how much earlier than due the name may be asked for again, once.
    /// - Returns: whether the addresses are others now.
    mutating func take(
        _ answer: NameAnswer, nowMs: UInt64, earlyMs: UInt64 = 0, random: inout Random
    ) -> Bool {
        let before = addresses
        var ttl = UInt32.max
        let v4Failed = Self.keep(answer.v4, in: &v4, &ttl)
        let v6Failed = Self.keep(answer.v6, in: &v6, &ttl)
        addresses = (v4 + v6).sorted(by: SocketAddress.precedes)
        guard answer.isComplete else { return addresses != before }

        isAnswered = true
        problem = answer.problem
        isStale = v4Failed && !v4.isEmpty || v6Failed && !v6.isEmpty
        if answer.hasAddresses {
            successes += 1
            failuresInRow = 0
            if addresses == before { unchanged += 1 }
        } else {
            failuresInRow += 1
            if v4Failed || v6Failed { failures += 1 } else { empties += 1 }
        }
        refreshAtMs = dueMs(ttl, nowMs, earlyMs, &random)
        return addresses != before
    }

    /// - Returns: whether the family could not be asked, so that what was known of it stays.
    private static func keep(
        _ family: NameAnswer.Family, in known: inout [SocketAddress], _ ttl: inout UInt32
    ) -> Bool {
        switch family {
        case .addresses(let found, let seconds):
            known = found
            ttl = min(ttl, seconds)
        case .none(let problem):
            if !problem.isFinal { return true }
            known = []
        case .pending: break
        }
        return false
    }

    /// Up to a tenth later than the answer allows, each name by another little, so that names
    /// looked up together do not stay together. And on a whole second: many names are asked for
    /// in one go then, which wakes a process at rest once and not for each.
    private func dueMs(
        _ ttl: UInt32, _ nowMs: UInt64, _ earlyMs: UInt64, _ random: inout Random
    ) -> UInt64 {
        let seconds: UInt64
        var earlyMs = earlyMs
        if failuresInRow > 0 {
            // Who is in trouble is not asked sooner.
            earlyMs = 0
            seconds = min(Self.failureSecondsMax, 1 << min(failuresInRow - 1, 16))
        } else {
            seconds = UInt64(
                min(max(ttl, Self.ttlSeconds.lowerBound), Self.ttlSeconds.upperBound))
        }
        let stepMs = min(seconds * 50, 1_000)
        let lateMs = random.below(UInt32(min(seconds * 100, 5_000) - stepMs))
        let soonerMs = random.below(UInt32(min(earlyMs, seconds * 1000 - stepMs)) + 1)
        let due = nowMs + seconds * 1000 + UInt64(lateMs) - UInt64(soonerMs)
        return (due + stepMs - 1) / stepMs * stepMs
    }
}

extension SocketAddress {
    /// An order without meaning, but the same everywhere: IPv4 first, then by number.
    static func precedes(_ left: SocketAddress, _ right: SocketAddress) -> Bool {
        switch (left, right) {
        case (.v4(let a, let p), .v4(let b, let q)): (a, p) < (b, q)
        case (.v6(let a, let b, let p), .v6(let c, let d, let q)): (a, b, p) < (c, d, q)
        case (.unix(let a), .unix(let b)): a < b
        case (.v4, _), (.v6, .unix): true
        default: false
        }
    }
}
