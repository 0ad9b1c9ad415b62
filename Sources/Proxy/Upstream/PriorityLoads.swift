// How requests are divided among priorities: the first takes all while it is well, and the next
// takes over what the first can no longer carry (Envoy's per_priority_load).
// A level is well while 1.4 times its available endpoints are as many as it has: losing a quarter
// of them moves nothing, losing half of them moves three requests of ten.

struct PriorityLoads {
    /// Envoy's default overprovisioning factor, in percent.
    private static let overprovisioning = 140

    /// What one level has.
    struct Count {
        var available: Int
        var total: Int
    }

    /// In step with the levels; they add up to 100 where there is a level.
    private(set) var percents: ContiguousArray<UInt32> = []
    /// Levels that ask all of their endpoints, available or not.
    private(set) var panics: ContiguousArray<Bool> = []

    /// - Parameters:
    ///   - panicPercent: 0 switches panic off.
    ///   - isLeftOut: levels that get nothing as long as others can take it.
    init(_ counts: [Count], panicPercent: UInt32, isLeftOut: (Int) -> Bool = { _ in false }) {
        let health = counts.indices.map { isLeftOut($0) ? 0 : Self.health(of: counts[$0]) }
        let total = min(100, health.reduce(0, +))
        panics = ContiguousArray(repeating: false, count: counts.count)
        percents = ContiguousArray(repeating: 0, count: counts.count)
        guard !counts.isEmpty else { return }
        if total > 0 {
            var left = 100
            for index in health.indices {
                let share = min(left, health[index] * 100 / total)
                percents[index] = UInt32(share)
                left -= share
            }
            // Rounding leaves some; they go to the first that can take any.
            if let first = health.firstIndex(where: { $0 > 0 }) { percents[first] += UInt32(left) }
        } else {
            percents[0] = 100
        }
        guard panicPercent > 0, total < 100 else { return }
        for (index, count) in counts.enumerated() where count.total > 0 {
            panics[index] = count.available * 100 < Int(panicPercent) * count.total
        }
        if panics.allSatisfy({ $0 }) { divideByCount(counts) }
    }

    private static func health(of count: Count) -> Int {
        count.total == 0 ? 0 : min(100, count.available * overprovisioning / count.total)
    }

    /// Everybody is in panic: as many requests as endpoints.
    private mutating func divideByCount(_ counts: [Count]) {
        let total = counts.reduce(0) { $0 + $1.total }
        var left = 100
        for index in counts.indices {
            let share = counts[index].total * 100 / total
            percents[index] = UInt32(share)
            left -= share
        }
        percents[0] += UInt32(left)
    }

    /// The level for a number drawn at random or made of a key, which stays with its level.
    func level(for ticket: UInt64) -> Int {
        let place = UInt32(truncatingIfNeeded: ticket % 100)
        var sum: UInt32 = 0
        for index in percents.indices {
            sum += percents[index]
            if place < sum { return index }
        }
        return 0
    }
}
