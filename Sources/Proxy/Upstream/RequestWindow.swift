// How many requests went to a cluster within the last interval, over all workers: what a retry
// budget with an interval is a share of.
// Slots of a tenth of the interval, counted up with compare and swap: neither a timer nor a lock,
// and what is too old is overwritten by whoever comes by next.
import Synchronization

struct RequestWindow: ~Copyable, Sendable {
    /// A power of two above `parts + 1`, so that a slot is done with before its turn comes again.
    private static let slots = 16
    /// Of an interval (Envoy's NumSlots). A request counts for an interval, and up to a tenth
    /// longer.
    private static let parts: UInt64 = 10

    /// In each the number of its tenth since the clock began, and how many requests fell into it,
    /// 32 bits each.
    private let counts = InlineArray<16, Atomic<UInt64>> { _ in Atomic(0) }

    /// - Parameters:
    ///   - nowNs: of the monotonic clock, which all workers share.
    ///   - intervalMs: above zero.
    func add(nowNs: UInt64, intervalMs: UInt32) {
        let tenth = Self.tenth(nowNs, intervalMs)
        let place = Int(tenth % UInt64(Self.slots))
        let mark = tenth & 0xffff_ffff
        var seen = counts[place].load(ordering: .relaxed)
        while true {
            let count = seen >> 32 == mark ? seen & 0xffff_ffff : 0
            let next = mark &<< 32 | min(count + 1, 0xffff_ffff)
            let (isDone, now) = counts[place].weakCompareExchange(
                expected: seen, desired: next, ordering: .relaxed)
            if isDone { return }
            seen = now
        }
    }

    /// Requests of the interval that ends now.
    func count(nowNs: UInt64, intervalMs: UInt32) -> UInt64 {
        let tenth = Self.tenth(nowNs, intervalMs) & 0xffff_ffff
        var sum: UInt64 = 0
        for place in 0..<Self.slots {
            let seen = counts[place].load(ordering: .relaxed)
            // Worker clocks are read once a round: another's may be a tenth ahead.
            let age = (tenth &- seen >> 32) & 0xffff_ffff
            if age <= Self.parts || age == 0xffff_ffff { sum += seen & 0xffff_ffff }
        }
        return sum
    }

    private static func tenth(_ nowNs: UInt64, _ intervalMs: UInt32) -> UInt64 {
        nowNs / max(1, UInt64(intervalMs) * 1_000_000 / parts)
    }
}
