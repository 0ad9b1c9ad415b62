// Random numbers for balancing and request ids: fast, good enough to spread load, seeded by the
// kernel. Nothing secret is made of them (xoshiro256**, Blackman and Vigna).
internal import CLinux

/// One a loop; not shared between threads.
public struct Random: RandomNumberGenerator {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    public init() {
        s0 = Random.seed()
        s1 = Random.seed()
        s2 = Random.seed()
        s3 = Random.seed() | 1
    }

    private static func seed() -> UInt64 {
        var value: UInt64 = 0
        // Before the kernel's pool is ready (early boot only) the clock has to do.
        if unsafe getrandom(&value, 8, 0) != 8 { value = isthmus_monotonic_ns() &* 0x9E37_79B9 }
        return value
    }

    @inline(__always)
    public mutating func next() -> UInt64 {
        let product = s1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = s3 << 45 | s3 >> 19
        return result
    }

    /// Uniform in `0..<bound` (Lemire); 0 when `bound` is 0.
    public mutating func below(_ bound: UInt32) -> UInt32 {
        // In parentheses: Swift's shifts bind tighter than its products.
        UInt32(truncatingIfNeeded: ((next() >> 32) &* UInt64(bound)) >> 32)
    }
}
