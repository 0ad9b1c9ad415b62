// Counters of one thing (a cluster, a listener) on one loop.
// They have one writer, the loop's thread, so an increment is a plain addition: no lock, no atomic,
// no allocation. Readers get a copy through `LoopMetrics.sample()`, taken on that same thread.

/// Live counters; owned by one thread, and used on it alone.
public final class StatTable<Family: StatFamily> {
    @usableFromInline var current = StatValues<Family>()

    public init() {}

    /// Counters wrap around like any 64-bit counter would, in theory, after centuries.
    @inlinable
    public func add(_ stat: Family, _ amount: UInt64 = 1) {
        current[stat] &+= amount
    }

    /// Lowers a gauge.
    @inlinable
    public func subtract(_ stat: Family, _ amount: UInt64 = 1) {
        current[stat] &-= amount
    }

    @inlinable
    public func set(_ stat: Family, to value: UInt64) {
        current[stat] = value
    }

    @inlinable
    public subscript(_ stat: Family) -> UInt64 { current[stat] }

    /// A copy of everything counted so far.
    public var values: StatValues<Family> { current }

    /// Envoy's `/reset_counters`: counters start again at zero, gauges and levels stay true.
    public func resetCounters() {
        for stat in Family.allCases where stat.definition.kind == .counter {
            current[stat] = 0
        }
    }
}

public typealias ClusterStats = StatTable<ClusterStat>
public typealias ListenerStats = StatTable<ListenerStat>
public typealias HTTPStats = StatTable<HTTPStat>
