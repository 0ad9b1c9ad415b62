// A hierarchical timer wheel: setting and cancelling a timer is O(1), whatever their number.
// Long-lived idle timeouts are the common case in a proxy, so nothing may cost by timer count.
// (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 7.)

/// What a timer calls when it fires. `tag` tells a target's timers apart.
open class TimerTarget {
    public init() {}
    open func timerFired(tag: UInt8) {}
}

/// Names one set timer; using it after the timer fired or was cancelled is harmless.
@frozen
public struct TimerID: Equatable {
    @usableFromInline var index: Int32
    @usableFromInline var generation: UInt32
    @inlinable
    init(index: Int32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }
    public static let none = TimerID(index: -1, generation: 0)
}

/// Times are milliseconds of the loop's monotonic clock; a timer never fires early.
/// Holds its targets strongly until they fire or are cancelled.
public final class TimerWheel {
    private struct Node {
        var next: Int32 = -1
        var previous: Int32 = -1
        var generation: UInt32 = 0
        /// level * 256 + slot, or -1 when the node is free
        var place: Int32 = -1
        var tag: UInt8 = 0
        var deadline: UInt64 = 0
        var target: TimerTarget?
    }

    private static let levels = 4
    private static let bits: UInt64 = 8
    private static let slots = 256

    private var nodes: ContiguousArray<Node> = []
    private var freeList: Int32 = -1
    /// First node of each slot, -1 when empty.
    private var heads = ContiguousArray<Int32>(repeating: -1, count: levels * slots)
    /// One bit a slot: is anything there.
    private var occupied = ContiguousArray<UInt64>(repeating: 0, count: levels * 4)
    private var current: UInt64
    public private(set) var count = 0

    public init(nowMs: UInt64) {
        current = nowMs
    }

    /// Fires `target.timerFired(tag:)` once, `delayMs` after the wheel's present time or later.
    public func schedule(afterMs delayMs: UInt64, target: TimerTarget, tag: UInt8) -> TimerID {
        let index: Int32
        if freeList >= 0 {
            index = freeList
            freeList = nodes[Int(index)].next
        } else {
            index = Int32(nodes.count)
            nodes.append(Node())
        }
        let position = Int(index)
        nodes[position].target = target
        nodes[position].tag = tag
        // The present millisecond has partly passed already: one more, or it would fire early.
        nodes[position].deadline = current &+ delayMs &+ 1
        insert(index)
        count += 1
        return TimerID(index: index, generation: nodes[position].generation)
    }

    public func cancel(_ id: TimerID) {
        let position = Int(id.index)
        guard position >= 0, position < nodes.count,
            nodes[position].generation == id.generation, nodes[position].place >= 0
        else { return }
        unlink(id.index)
        release(id.index)
    }

    public func isPending(_ id: TimerID) -> Bool {
        let position = Int(id.index)
        return position >= 0 && position < nodes.count
            && nodes[position].generation == id.generation && nodes[position].place >= 0
    }

    /// Moves time on and fires what is due, in order of deadline by the millisecond.
    public func advance(toMs now: UInt64) {
        while current < now {
            if count == 0 {
                current = now
                return
            }
            // Jump over empty milliseconds, but never over the end of a level-0 round.
            let slot = current & 255
            let next = nextOccupied(level: 0, after: slot)
            let roundEnd = (current | 255) + 1
            let candidate = next.map { (current & ~255) + $0 } ?? roundEnd
            guard candidate <= now else {
                current = now
                return
            }
            current = candidate
            if current & 255 == 0 { cascade() }
            fire(slot: Int(current & 255))
        }
    }

    /// How long the loop may sleep: milliseconds until something can be due, nil for ever.
    public func sleepMs(now: UInt64) -> UInt64? {
        guard count > 0 else { return nil }
        var due = UInt64.max
        if let slot = nextOccupied(level: 0, after: current & 255) {
            due = (current & ~255) + slot
        } else {
            for level in 0..<Self.levels {
                let shift = UInt64(level) * Self.bits
                let position = (current >> shift) & 255
                let round = (current >> (shift + Self.bits)) << (shift + Self.bits)
                if let slot = nextOccupied(level: level, after: position) {
                    due = min(due, round + (slot << shift))
                } else if level == Self.levels - 1 || anyOccupied(level: level) {
                    due = min(due, round + (256 << shift))
                }
                if due != UInt64.max { break }
            }
        }
        return due > now ? due - now : 0
    }

    // MARK: - Inside

    private func insert(_ index: Int32) {
        let deadline = nodes[Int(index)].deadline
        let distance = deadline &- current
        var level = 0
        while level < Self.levels - 1, distance >= 1 << (Self.bits * UInt64(level + 1)) {
            level += 1
        }
        // Beyond the last level: park in its farthest slot and look again when that comes round.
        let limit = UInt64(1) << (Self.bits * UInt64(Self.levels))
        let effective = distance >= limit ? current &+ limit - 1 : deadline
        let slot = Int((effective >> (Self.bits * UInt64(level))) & 255)
        let place = level * Self.slots + slot
        let head = heads[place]
        nodes[Int(index)].next = head
        nodes[Int(index)].previous = -1
        nodes[Int(index)].place = Int32(place)
        if head >= 0 { nodes[Int(head)].previous = index }
        heads[place] = index
        occupied[place >> 6] |= 1 << UInt64(place & 63)
    }

    private func unlink(_ index: Int32) {
        let node = nodes[Int(index)]
        let place = Int(node.place)
        if node.previous >= 0 {
            nodes[Int(node.previous)].next = node.next
        } else {
            heads[place] = node.next
        }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        if heads[place] < 0 { occupied[place >> 6] &= ~(1 << UInt64(place & 63)) }
    }

    private func release(_ index: Int32) {
        let position = Int(index)
        nodes[position].target = nil
        nodes[position].place = -1
        nodes[position].generation &+= 1
        nodes[position].next = freeList
        freeList = index
        count -= 1
    }

    private func fire(slot: Int) {
        while heads[slot] >= 0 {
            let index = heads[slot]
            let target = nodes[Int(index)].target
            let tag = nodes[Int(index)].tag
            unlink(index)
            release(index)
            target?.timerFired(tag: tag)
        }
    }

    /// A round of a level is over: spread the next slot of the level above over the lower ones.
    private func cascade() {
        for level in 1..<Self.levels {
            let slot = Int((current >> (Self.bits * UInt64(level))) & 255)
            let place = level * Self.slots + slot
            var index = heads[place]
            heads[place] = -1
            occupied[place >> 6] &= ~(1 << UInt64(place & 63))
            while index >= 0 {
                let next = nodes[Int(index)].next
                insert(index)
                index = next
            }
            if slot != 0 { return }
        }
    }

    /// The first occupied slot of a level behind `slot`, not wrapping round.
    private func nextOccupied(level: Int, after slot: UInt64) -> UInt64? {
        var word = Int((slot + 1) >> 6)
        guard word < 4 else { return nil }
        var bits = occupied[level * 4 + word] & (~0 << ((slot + 1) & 63))
        while true {
            if bits != 0 { return UInt64(word * 64 + bits.trailingZeroBitCount) }
            word += 1
            guard word < 4 else { return nil }
            bits = occupied[level * 4 + word]
        }
    }

    private func anyOccupied(level: Int) -> Bool {
        for word in 0..<4 where occupied[level * 4 + word] != 0 { return true }
        return false
    }
}
