// The numbers of one family, side by side in a fixed block.
// A fixed block needs no allocation of its own and no look-up: a statistic is an offset known when
// the program is compiled.

/// A copy of all values of a family; a plain value that may cross threads.
public struct StatValues<Family: StatFamily>: Sendable {
    /// No family is larger; a test counts them.
    public static var casesMax: Int { 64 }

    @usableFromInline var slots = InlineArray<64, UInt64>(repeating: 0)

    public init() {}

    @inlinable
    public subscript(_ stat: Family) -> UInt64 {
        get { slots[stat.rawValue] }
        set { slots[stat.rawValue] = newValue }
    }

    /// Adds the values another loop counted for the same thing, each by its kind.
    public mutating func merge(_ other: StatValues<Family>) {
        for stat in Family.allCases {
            switch stat.definition.kind {
            case .counter, .gauge: self[stat] &+= other[stat]
            case .level: self[stat] = max(self[stat], other[stat])
            }
        }
    }

    /// True once anything has been counted.
    public var isUsed: Bool {
        for slot in slots.indices where slots[slot] != 0 { return true }
        return false
    }
}
