// From the authority of a request to a virtual host: exact name, then the longest wildcard suffix,
// then `*`. An open-addressing table of places in an arena, so that ten thousand hosts cost what
// one costs: one pass over the name, one slot, one comparison, and nothing allocated.

@usableFromInline
struct HostTable: Sendable {
    /// A name's hash and where it is in the arena; a place of 0 marks a free slot.
    private struct Slot {
        var hash: UInt32 = 0
        var name: UInt32 = 0
    }

    private var exact: [Slot]
    private var wildcards: [Slot]
    /// `hasWildcard[n]` where some wildcard's suffix is n bytes long: only those are looked up.
    private var hasWildcard: [Bool] = []
    /// The record for `*`.
    private var everything: Int?

    /// - Parameters: how many names of each sort will come.
    init(exactCount: Int, wildcardCount: Int) {
        exact = Self.slots(for: exactCount)
        wildcards = Self.slots(for: wildcardCount)
    }

    /// The first half of a look-up: the hash of the name, and the slot it leads to.
    @usableFromInline
    func hint(for authority: Span<UInt8>) -> HostHint {
        let length = Self.hostLength(of: authority)
        guard !exact.isEmpty, length > 0 else { return HostHint(length: length) }
        var hash = Self.seed
        var index = length
        while index > 0 {
            index &-= 1
            hash = Self.step(hash, authority[index])
        }
        let slot = exact[Int(truncatingIfNeeded: hash) & (exact.count &- 1)]
        return HostHint(length: length, hash: hash, name: slot.name)
    }

    /// The second half: where in the arena the record for the best domain for `authority` is, or
    /// nil. The port is ignored, so is the case of ASCII letters; a trailing dot is not, as on
    /// Istio's gateways.
    @usableFromInline
    func record(
        for authority: Span<UInt8>, _ hint: HostHint, in arena: borrowing LookupArena
    ) -> Int? {
        let length = hint.length
        if !exact.isEmpty, length > 0,
            let found = Self.find(authority, 0, length, hash: hint.hash, in: exact, arena)
        {
            return found
        }
        if !wildcards.isEmpty,
            let found = longestWildcard(authority, length: length, in: arena)
        {
            return found
        }
        return everything
    }

    /// Names are hashed from their end, so that one pass meets every suffix on its way. The
    /// wildcard itself must stand for at least one byte (Envoy: it does not match the empty one).
    private func longestWildcard(
        _ authority: Span<UInt8>, length: Int, in arena: borrowing LookupArena
    ) -> Int? {
        var best: Int?
        var hash = Self.seed
        var taken = 1
        let longest = min(length &- 1, hasWildcard.count &- 1)
        while taken <= longest {
            hash = Self.step(hash, authority[length &- taken])
            if hasWildcard[taken],
                let found = Self.find(
                    authority, length &- taken, length, hash: hash, in: wildcards, arena)
            {
                best = found
            }
            taken &+= 1
        }
        return best
    }

    private static func find(
        _ authority: Span<UInt8>, _ start: Int, _ end: Int, hash: UInt32,
        in slots: borrowing [Slot], _ arena: borrowing LookupArena
    ) -> Int? {
        let mask = slots.count &- 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[place]
            if slot.name == 0 { return nil }
            if slot.hash == hash {
                let name = Int(slot.name)
                let length = Int(arena.word(at: name &+ 4))
                if length == end &- start {
                    let offset = name &+ LookupArena.nameHead
                    var index = 0
                    while index < length,
                        authority[start &+ index].asciiLowercased == arena.bytes[offset &+ index]
                    {
                        index &+= 1
                    }
                    if index == length { return Int(arena.word(at: name)) }
                }
            }
            place = (place &+ 1) & mask
        }
    }

    // MARK: - Building

    /// `domain` belongs to the record at `record`; nil: to the one that is appended next. The first
    /// of two equal domains wins; the compiler merges them before.
    mutating func insert(_ domain: String, record: Int?, into arena: inout LookupArena) {
        let name = domain.utf8
        if name.first != UInt8(ascii: "*") {
            guard !name.isEmpty else { return }
            Self.insert(name[...], record: record, into: &exact, &arena)
        } else if name.count == 1 {
            everything = everything ?? record ?? arena.bytes.count
        } else {
            let suffix = name.dropFirst()
            while hasWildcard.count <= suffix.count { hasWildcard.append(false) }
            hasWildcard[suffix.count] = true
            Self.insert(suffix, record: record, into: &wildcards, &arena)
        }
    }

    private static func insert(
        _ name: Substring.UTF8View, record: Int?, into slots: inout [Slot],
        _ arena: inout LookupArena
    ) {
        let added = arena.append(name: name, record: record)
        var hash = Self.seed
        for byte in arena.name(at: added).reversed() { hash = Self.step(hash, byte) }
        let mask = slots.count - 1
        var place = Int(hash) & mask
        while slots[place].name != 0 {
            if slots[place].hash == hash,
                arena.name(at: Int(slots[place].name)) == arena.name(at: added)
            {
                arena.removeLastName(at: added)
                return
            }
            place = (place + 1) & mask
        }
        slots[place] = Slot(hash: hash, name: UInt32(added))
    }

    /// A power of two that stays a third empty at least.
    private static func slots(for count: Int) -> [Slot] {
        guard count > 0 else { return [] }
        var capacity = 4
        while capacity * 2 < count * 3 { capacity *= 2 }
        return Array(repeating: Slot(), count: capacity)
    }

    private static let seed: UInt32 = 0x811c_9dc5

    /// FNV-1a over lower-case bytes, with a rotation so that the low bits see all of them.
    private static func step(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
        let mixed = (hash ^ UInt32(byte.asciiLowercased)) &* 0x0100_0193
        return mixed ^ (mixed >> 15)
    }

    /// The bytes before `:port`. A colon inside brackets belongs to an IPv6 literal (RFC 3986
    /// 3.2.2), and what follows the last colon must be digits to be a port.
    @usableFromInline
    static func hostLength(of authority: Span<UInt8>) -> Int {
        var index = authority.count
        while index > 0 {
            index &-= 1
            let byte = authority[index]
            if byte &- UInt8(ascii: "0") < 10 { continue }
            return byte == UInt8(ascii: ":") ? index : authority.count
        }
        return authority.count
    }
}
