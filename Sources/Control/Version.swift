// What this program calls itself, in one place.

public enum Version {
    /// Semantic versioning 2.0.
    public static let text = "0.1.0"
    /// `1.2.3` as 10203: what Envoy's `server.version` statistic holds is a number too.
    public static var number: UInt64 {
        text.split(separator: ".").reduce(0) { $0 * 100 + (UInt64($1) ?? 0) }
    }
}
