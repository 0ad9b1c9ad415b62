// A histogram of whole numbers with Envoy's bounds.
// The buckets hold their own counts, not cumulative ones, so that recording touches one bucket;
// the text renderer adds them up.

public struct Histogram: Sendable {
    @usableFromInline var buckets = InlineArray<20, UInt64>(repeating: 0)
    @usableFromInline var total: UInt64 = 0

    public init() {}

    @inlinable
    public mutating func record(_ value: UInt64) {
        buckets[HistogramBounds.bucket(of: value)] &+= 1
        total &+= value
    }

    /// How many values fell into the bucket, 0 ..< `HistogramBounds.bucketCount`, and no other.
    public func count(inBucket bucket: Int) -> UInt64 { buckets[bucket] }

    /// The sum of all values recorded.
    public var sum: UInt64 { total }

    /// How many values were recorded.
    public var count: UInt64 {
        var count: UInt64 = 0
        for bucket in buckets.indices { count &+= buckets[bucket] }
        return count
    }

    public mutating func merge(_ other: Histogram) {
        for bucket in buckets.indices { buckets[bucket] &+= other.buckets[bucket] }
        total &+= other.total
    }
}
