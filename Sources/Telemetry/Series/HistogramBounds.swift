// The bucket bounds every histogram uses: Envoy's defaults.
// One fixed list, because dashboards add up series of many proxies and that only works when all of
// them cut at the same places.

public enum HistogramBounds {
    /// As Prometheus prints them in `le`; the last bucket is `+Inf`.
    public static let text: [String] = [
        "0.5", "1", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000",
        "30000", "60000", "300000", "600000", "1800000", "3600000",
    ]

    /// With `+Inf`.
    public static var bucketCount: Int { 20 }

    /// The bucket a value falls into, 0 ..< `bucketCount`: the first whose bound is not below it.
    ///
    /// A comparison tree over constants: no table to load, and small numbers leave early.
    @inlinable
    public static func bucket(of value: UInt64) -> Int {
        if value <= 100 {
            if value <= 5 { return value <= 1 ? Int(value) : 2 }
            if value <= 25 { return value <= 10 ? 3 : 4 }
            return value <= 50 ? 5 : 6
        }
        if value <= 5000 {
            if value <= 500 { return value <= 250 ? 7 : 8 }
            if value <= 1000 { return 9 }
            return value <= 2500 ? 10 : 11
        }
        if value <= 300_000 {
            if value <= 30000 { return value <= 10000 ? 12 : 13 }
            return value <= 60000 ? 14 : 15
        }
        if value <= 1_800_000 { return value <= 600_000 ? 16 : 17 }
        return value <= 3_600_000 ? 18 : 19
    }
}
