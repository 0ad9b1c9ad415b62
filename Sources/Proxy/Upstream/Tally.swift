// A number that workers raise and lower together, with a limit that holds for all of them.
// Compare and swap instead of add and take back: a failed attempt must not look like one more for
// a moment, or another worker would be refused what is free.
import Synchronization

struct Tally: ~Copyable, Sendable {
    // Sequentially consistent, as is whether somebody waits: who gives a place back and who begins
    // to wait must not miss each other.
    private let number = Atomic<UInt32>(0)

    var value: UInt32 { number.load(ordering: .relaxed) }

    /// Takes one of `max` places; false when there is none.
    func take(max: UInt32) -> Bool {
        var seen = number.load(ordering: .sequentiallyConsistent)
        while seen < max {
            let (isDone, now) = number.weakCompareExchange(
                expected: seen, desired: seen &+ 1, ordering: .sequentiallyConsistent)
            if isDone { return true }
            seen = now
        }
        return false
    }

    /// Takes places that are taken already, however many there are.
    func add(_ count: UInt32 = 1) {
        number.wrappingAdd(count, ordering: .sequentiallyConsistent)
    }

    func give(_ count: UInt32 = 1) {
        number.wrappingSubtract(count, ordering: .sequentiallyConsistent)
    }
}
