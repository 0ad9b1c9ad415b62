// From the authority of a request to a virtual host: exact name, then the longest wildcard suffix,
// then `*`. An open-addressing table over bytes, so that ten thousand hosts cost what one costs:
// one pass over the name, one slot, one comparison, and nothing allocated.

@usableFromInline
struct HostTable: Sendable {
    /// The bytes of one name (or of a wildcard's suffix) in `keys`, and whose they are.
    private struct Slot {
        var hash: UInt32 = 0
        var offset: UInt32 = 0
        /// 0 marks a free slot: no name is empty.
        var length: UInt32 = 0
        var virtualHost: UInt32 = 0
    }

    private var exact: [Slot] = []
    private var wildcards: [Slot] = []
    private var keys: [UInt8] = []
    /// `hasWildcard[n]` where some wildcard's suffix is n bytes long: only those are looked up.
    private var hasWildcard: [Bool] = []
    private var everything: Int?

    /// The first of two equal domains wins; the compiler merges them before.
    init(domains: [(name: String, virtualHost: Int)]) {
        let wild = domains.filter { $0.name.utf8.first == UInt8(ascii: "*") && $0.name != "*" }
        let plain = domains.filter { $0.name.utf8.first != UInt8(ascii: "*") }
        exact = Self.slots(for: plain.count)
        wildcards = Self.slots(for: wild.count)
        keys.reserveCapacity(plain.reduce(0) { $0 + $1.name.utf8.count })
        for (name, host) in plain where !name.isEmpty {
            insert(Array(name.utf8), virtualHost: host, into: \.exact)
        }
        for (name, host) in wild {
            let suffix = Array(name.utf8.dropFirst())
            while hasWildcard.count <= suffix.count { hasWildcard.append(false) }
            hasWildcard[suffix.count] = true
            insert(suffix, virtualHost: host, into: \.wildcards)
        }
        everything = domains.first { $0.name == "*" }?.virtualHost
    }

    /// The index given with the best domain for `authority`, or nil. The port is ignored, so is
    /// the case of ASCII letters; a trailing dot is not, as on Istio's gateways.
    @usableFromInline
    func virtualHost(for authority: Span<UInt8>) -> Int? {
        let length = Self.hostLength(of: authority)
        if !exact.isEmpty, length > 0 {
            var hash = Self.seed
            var index = length
            while index > 0 {
                index &-= 1
                hash = Self.step(hash, authority[index])
            }
            if let found = find(authority, from: 0, to: length, hash: hash, in: exact) {
                return found
            }
        }
        if !wildcards.isEmpty, let found = longestWildcard(authority, length: length) {
            return found
        }
        return everything
    }

    /// Names are hashed from their end, so that one pass meets every suffix on its way. The
    /// wildcard itself must stand for at least one byte (Envoy: it does not match the empty one).
    private func longestWildcard(_ authority: Span<UInt8>, length: Int) -> Int? {
        var best: Int?
        var hash = Self.seed
        var taken = 1
        let longest = min(length &- 1, hasWildcard.count &- 1)
        while taken <= longest {
            hash = Self.step(hash, authority[length &- taken])
            if hasWildcard[taken],
                let found = find(
                    authority, from: length &- taken, to: length, hash: hash, in: wildcards)
            {
                best = found
            }
            taken &+= 1
        }
        return best
    }

    private func find(
        _ authority: Span<UInt8>, from start: Int, to end: Int, hash: UInt32,
        in slots: borrowing [Slot]
    ) -> Int? {
        let mask = slots.count &- 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[place]
            if slot.length == 0 { return nil }
            if slot.hash == hash, Int(slot.length) == end &- start {
                let offset = Int(slot.offset)
                var index = 0
                let length = end &- start
                while index < length,
                    authority[start &+ index].asciiLowercased == keys[offset &+ index]
                {
                    index &+= 1
                }
                if index == length { return Int(slot.virtualHost) }
            }
            place = (place &+ 1) & mask
        }
    }

    private mutating func insert(
        _ key: [UInt8], virtualHost: Int, into slots: WritableKeyPath<HostTable, [Slot]>
    ) {
        var hash = Self.seed
        for byte in key.reversed() { hash = Self.step(hash, byte) }
        let mask = self[keyPath: slots].count - 1
        var place = Int(hash) & mask
        while self[keyPath: slots][place].length != 0 {
            let slot = self[keyPath: slots][place]
            let range = Int(slot.offset)..<Int(slot.offset + slot.length)
            if slot.hash == hash, keys[range].elementsEqual(key) { return }
            place = (place + 1) & mask
        }
        self[keyPath: slots][place] = Slot(
            hash: hash, offset: UInt32(keys.count), length: UInt32(key.count),
            virtualHost: UInt32(virtualHost))
        keys.append(contentsOf: key.map(\.asciiLowercased))
    }

    /// A power of two that stays half empty.
    private static func slots(for count: Int) -> [Slot] {
        guard count > 0 else { return [] }
        var capacity = 4
        while capacity < count * 2 { capacity *= 2 }
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
