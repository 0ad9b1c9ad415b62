// Which other sites' scripts may call (Istio CorsPolicy).
// Decoded and checked, not acted on yet.

public struct CorsPolicy: Sendable {
    public enum UnmatchedPreflights: String, Sendable, Hashable, CaseIterable {
        case unspecified = "UNSPECIFIED"
        case forward = "FORWARD"
        case ignore = "IGNORE"
    }

    public var position = Position()
    /// `allowOrigins`, and the deprecated `allowOrigin` as exact matches after them.
    public var allowOrigins: [StringMatch] = []
    public var allowMethods: [String] = []
    public var allowHeaders: [String] = []
    public var exposeHeaders: [String] = []
    public var maxAge: Duration?
    public var allowCredentials: Bool?
    public var unmatchedPreflights = UnmatchedPreflights.unspecified
    public init() {}
}
