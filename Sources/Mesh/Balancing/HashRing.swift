// Consistent hashing by a ring of points (Karger; Envoy's ring_hash): a key belongs to the owner of
// the first point at or behind it.
// Points are Envoy's, but there are more of them: their number for each endpoint must not depend on
// how many endpoints there are, or one that goes would move twice its share of the keys.
// The ring is built over all endpoints and never again while they stay: whoever is ejected is
// passed over in the look-up, and each of its keys finds the owner it has in a ring without it.

public struct HashRing: Sendable {
    /// Ascending.
    private let points: [UInt64]
    /// In step with `points`: places in `HashMember` order.
    private let owners: [UInt32]

    /// On the average; rings smaller than that for each member are filled up.
    private static let pointsPerMember: UInt64 = 512

    /// - Parameters:
    ///   - minimumSize: points at least; the lightest member gets a whole number of them.
    ///   - maximumSize: points at most.
    init(_ members: [HashMember], minimumSize: UInt64, maximumSize: UInt64 = 8_388_608) {
        let lightest = members.reduce(1) { min($0, $1.share) }
        var ring: [(point: UInt64, owner: UInt32)] = []
        if !members.isEmpty, lightest > 0 {
            let size = max(minimumSize, UInt64(members.count) * Self.pointsPerMember)
            let perMember = (lightest * Double(size)).rounded(.up)
            let scale = min(perMember / lightest, Double(maximumSize))
            ring.reserveCapacity(Int(scale.rounded(.up)))
            // Shares need not come out whole; running sums spread what is left over (as Envoy).
            var target = 0.0
            var current = 0.0
            for member in members {
                target += scale * member.share
                var number = 0
                let stem = Array("\(member.name)_".utf8)
                while current < target {
                    let point = XXHash64.hash(stem + "\(number)".utf8)
                    ring.append((point, UInt32(truncatingIfNeeded: member.place)))
                    number += 1
                    current += 1
                }
            }
        }
        // Ties go by the member's place, so that every build of the same members is the same.
        ring.sort { $0.point != $1.point ? $0.point < $1.point : $0.owner < $1.owner }
        points = ring.map(\.point)
        owners = ring.map(\.owner)
    }

    public var size: Int { points.count }

    /// The owner of `hash` among those that `isAvailable`; nil where nobody is.
    @inline(__always)
    public func owner(of hash: UInt64, where isAvailable: (Int) -> Bool) -> Int? {
        let count = points.count
        var index = position(of: hash)
        var walked = 0
        while walked < count {
            if index >= count { index = 0 }
            let owner = Int(owners[index])
            if isAvailable(owner) { return owner }
            index &+= 1
            walked &+= 1
        }
        return nil
    }

    /// The index of the first point at or behind `hash`; `size` behind the last one.
    private func position(of hash: UInt64) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low &+ high) >> 1
            if points[middle] < hash { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}
