// The limits of telemetry, in one place.
// Labels are made of configuration and of what upstreams answer; the second must not be able to
// fill the memory.

public enum TelemetryLimits {
    /// Different label sets a loop keeps apart for HTTP, and again for TCP; what comes later is
    /// counted together in one series whose labels are all unknown.
    public static let seriesMax = 20_000
    /// The largest `:Z` in `%REQ(X):Z%`, bytes.
    public static let accessLogFieldBytesMax = 65_536
    /// The longest access-log format, bytes.
    public static let accessLogFormatBytesMax = 16_384
}
