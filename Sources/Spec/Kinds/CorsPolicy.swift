// Which other sites' scripts may call (Istio CorsPolicy).
// Kept as it is written, but for `allowOrigin`, which is an older spelling of `allowOrigins`.

public struct CorsPolicy: Sendable {
    public enum UnmatchedPreflights: String, Sendable, Hashable, CaseIterable {
        case unspecified = "UNSPECIFIED"
        case forward = "FORWARD"
        case ignore = "IGNORE"
    }

    public var position = Position()
    /// `allowOrigins`; where there are none, the deprecated `allowOrigin` as exact matches.
    public var allowOrigins: [StringMatch] = []
    public var allowMethods: [String] = []
    public var allowHeaders: [String] = []
    public var exposeHeaders: [String] = []
    public var maxAge: Duration?
    public var allowCredentials: Bool?
    public var unmatchedPreflights = UnmatchedPreflights.unspecified
    public init() {}
}
