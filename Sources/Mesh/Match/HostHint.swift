// What the first half of a host's look-up found.
// Between its halves a proxy does other work, while memory delivers what the second half reads:
// with ten thousand hosts nearly every look-up finds its lines in no cache.

/// Of one table and one authority; meaningless to any other.
@frozen
public struct HostHint: Sendable {
    /// Of the authority without its port.
    @usableFromInline let length: Int
    @usableFromInline let hash: UInt32
    /// Of the slot's name in the arena, most likely the right one; 0 where there is none.
    @usableFromInline let name: UInt32

    @usableFromInline
    init(length: Int, hash: UInt32 = 0, name: UInt32 = 0) {
        self.length = length
        self.hash = hash
        self.name = name
    }

    /// Of no table.
    public static let none = HostHint(length: 0)
}
