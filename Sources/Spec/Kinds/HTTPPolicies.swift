// Retry, fault, mirror and CORS policies of an HTTP rule: decoded and checked, not acted on yet.
// Their types are complete, so that a configuration is judged today by what it will mean later.

public struct HTTPRetry: Sendable {
    public var position = Position()
    /// Nil where it says nothing; 0 switches retries off.
    public var attempts: Int32?
    public var perTryTimeout: Duration?
    /// Comma-separated, as written.
    public var retryOn = ""
    public var retryRemoteLocalities: Bool?
    public var retryIgnorePreviousHosts: Bool?
    public var backoff: Duration?
    public init() {}
}

public struct HTTPFaultInjection: Sendable {
    public var position = Position()
    public var delay: Delay?
    public var abort: Abort?
    public init() {}

    public struct Delay: Sendable {
        public var position = Position()
        public var fixedDelay: Duration?
        /// Not implemented by Istio either.
        public var exponentialDelay: Duration?
        /// `percentage.value`, or the deprecated integer `percent`; nil in both means 0.
        public var percentage: Double?
        public init() {}
    }

    public struct Abort: Sendable {
        public var position = Position()
        public var httpStatus: UInt16?
        /// `UNAVAILABLE` or a number; empty where it says nothing.
        public var grpcStatus = ""
        /// Not implemented by Istio either.
        public var http2Error = ""
        public var percentage: Double?
        public init() {}
    }
}

public struct HTTPMirrorPolicy: Sendable {
    public var position = Position()
    public var destination = Destination()
    /// Nil means 100.
    public var percentage: Double?
    public init() {}
}

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
