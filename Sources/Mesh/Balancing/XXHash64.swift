// xxHash64 (Collet), the hash that Envoy builds its rings with and reduces keys by.
// The same key then falls on the same place whichever of the two proxies looks it up.

public enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// The hash of `bytes`; not one that withstands whoever chooses them.
    public static func hash(_ bytes: borrowing Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        let count = bytes.count
        var index = 0
        var hash: UInt64
        if count >= 32 {
            var lane1 = seed &+ prime1 &+ prime2
            var lane2 = seed &+ prime2
            var lane3 = seed
            var lane4 = seed &- prime1
            while count &- index >= 32 {
                lane1 = round(lane1, word(bytes, at: index))
                lane2 = round(lane2, word(bytes, at: index &+ 8))
                lane3 = round(lane3, word(bytes, at: index &+ 16))
                lane4 = round(lane4, word(bytes, at: index &+ 24))
                index &+= 32
            }
            hash = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
            hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4)
        } else {
            hash = seed &+ prime5
        }
        hash &+= UInt64(count)
        while count &- index >= 8 {
            hash ^= round(0, word(bytes, at: index))
            hash = rotate(hash, 27) &* prime1 &+ prime4
            index &+= 8
        }
        if count &- index >= 4 {
            hash ^= half(bytes, at: index) &* prime1
            hash = rotate(hash, 23) &* prime2 &+ prime3
            index &+= 4
        }
        while index < count {
            hash ^= UInt64(bytes[index]) &* prime5
            hash = rotate(hash, 11) &* prime1
            index &+= 1
        }
        hash ^= hash >> 33
        hash &*= prime2
        hash ^= hash >> 29
        hash &*= prime3
        return hash ^ hash >> 32
    }

    public static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        hash(bytes.span, seed: seed)
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 &- count)
    }

    /// Eight bytes, the lowest first.
    @inline(__always)
    private static func word(_ bytes: borrowing Span<UInt8>, at index: Int) -> UInt64 {
        half(bytes, at: index) | half(bytes, at: index &+ 4) << 32
    }

    /// Four bytes, the lowest first.
    @inline(__always)
    private static func half(_ bytes: borrowing Span<UInt8>, at index: Int) -> UInt64 {
        UInt64(bytes[index]) | UInt64(bytes[index &+ 1]) << 8
            | UInt64(bytes[index &+ 2]) << 16 | UInt64(bytes[index &+ 3]) << 24
    }
}
