// Consistent hashing by Maglev's table (Eisenbud and others, 2016; Envoy's maglev): a key is its
// remainder, and each owner has filled its share of the rows in an order of its own.
// Look-up is one division. Keys of an ejected owner are hashed on, so that they spread over all
// others while nobody else's key moves.

public struct MaglevTable: Sendable {
    /// Rows to places; half the memory wherever places fit, which is nearly always.
    private let narrow: [UInt16]
    private let wide: [UInt32]
    private let count: UInt64

    /// - Parameter size: rows, a prime.
    init(_ members: [HashMember], size: UInt64) {
        let rows = Self.fill(members, size: Int(clamping: size))
        count = UInt64(rows.count)
        if members.allSatisfy({ $0.place <= Int(UInt16.max) }) {
            narrow = rows.map { UInt16(truncatingIfNeeded: $0) }
            wide = []
        } else {
            narrow = []
            wide = rows
        }
    }

    public var size: Int { Int(count) }

    private struct Turn {
        let place: UInt32
        let share: Double
        let offset: UInt64
        let skip: UInt64
        var next: UInt64 = 0
        /// Of the shares given out so far; a member that has had its own waits.
        var target = 0.0
    }

    /// Listing 1 of the paper with weights as Envoy has them: in every round the heaviest takes a
    /// row, the others as often as their share of its.
    private static func fill(_ members: [HashMember], size: Int) -> [UInt32] {
        let heaviest = members.reduce(0) { max($0, $1.share) }
        guard size > 1, heaviest > 0 else { return [] }
        let modulus = UInt64(size)
        // The order in which members take their turns must not depend on that of the endpoints.
        var turns = members.filter { $0.share > 0 }.sorted { $0.name < $1.name }.map { member in
            let name = Array(member.name.utf8)
            return Turn(
                place: UInt32(truncatingIfNeeded: member.place), share: member.share,
                offset: XXHash64.hash(name) % modulus,
                skip: XXHash64.hash(name, seed: 1) % (modulus - 1) + 1)
        }
        var rows = [UInt32](repeating: .max, count: size)
        var filled = 0
        var round = 1.0
        while filled < size {
            for index in turns.indices where filled < size {
                if round * turns[index].share < turns[index].target { continue }
                turns[index].target += heaviest
                var row = 0
                repeat {
                    row = Int(
                        (turns[index].offset &+ turns[index].skip &* turns[index].next) % modulus)
                    turns[index].next += 1
                } while rows[row] != .max
                rows[row] = turns[index].place
                filled += 1
            }
            round += 1
        }
        return rows
    }

    /// Times a key is hashed on before the rows behind it are asked one by one.
    private static let rehashesMax = 16

    /// The owner of `hash` among those that `isAvailable`; nil where nobody is.
    @inline(__always)
    public func owner(of hash: UInt64, where isAvailable: (Int) -> Bool) -> Int? {
        guard count > 0 else { return nil }
        var key = hash
        for _ in 0..<Self.rehashesMax {
            let owner = owner(in: key % count)
            if isAvailable(owner) { return owner }
            // splitmix64's steps (Steele, Lea, Flood): every bit of the key reaches the next row.
            key = (key ^ key >> 30) &* 0xBF58_476D_1CE4_E5B9 &+ 0x9E37_79B9_7F4A_7C15
            key = (key ^ key >> 27) &* 0x94D0_49BB_1331_11EB
            key ^= key >> 31
        }
        var row = key % count
        for _ in 0..<count {
            let owner = owner(in: row)
            if isAvailable(owner) { return owner }
            row = row &+ 1 == count ? 0 : row &+ 1
        }
        return nil
    }

    private func owner(in row: UInt64) -> Int {
        let row = Int(truncatingIfNeeded: row)
        return narrow.isEmpty ? Int(wide[row]) : Int(narrow[row])
    }
}
