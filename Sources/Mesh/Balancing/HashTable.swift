// What keys of one priority are looked up in: a ring or a Maglev table.
// It belongs to the snapshot: one for all workers, built when the endpoints or the settings change.

/// An endpoint that owns keys.
struct HashMember {
    /// Its place among the cluster's endpoints.
    let place: Int
    /// What is hashed: `10.0.0.1:80`, as in Envoy.
    let name: String
    /// Of all keys; the shares add up to 1.
    let share: Double
}

public enum HashTable: Sendable {
    case ring(HashRing)
    case maglev(MaglevTable)

    /// How keys find their owners.
    public enum Algorithm: Sendable, Equatable {
        case ring(minimumSize: UInt64)
        /// A prime.
        case maglev(size: UInt64)
    }

    init(_ members: [HashMember], _ algorithm: Algorithm) {
        switch algorithm {
        case .ring(let minimumSize): self = .ring(HashRing(members, minimumSize: minimumSize))
        case .maglev(let size): self = .maglev(MaglevTable(members, size: size))
        }
    }

    /// The place of the endpoint that owns `hash`, among those that `isAvailable`.
    @inline(__always)
    public func owner(of hash: UInt64, where isAvailable: (Int) -> Bool) -> Int? {
        switch self {
        case .ring(let ring): ring.owner(of: hash, where: isAvailable)
        case .maglev(let table): table.owner(of: hash, where: isAvailable)
        }
    }

    /// Points or rows.
    public var size: Int {
        switch self {
        case .ring(let ring): ring.size
        case .maglev(let table): table.size
        }
    }
}
