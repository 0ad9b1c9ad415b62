// When and how often a failed request is tried again (Istio HTTPRetry).
// Kept as it is written: what it leaves open has defaults that depend on each other.

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

    /// What `retryOn` may name beside statuses: Envoy's x-envoy-retry-on and -retry-grpc-on.
    public static let conditions = [
        "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure",
        "envoy-ratelimited", "retriable-4xx", "refused-stream", "retriable-status-codes",
        "retriable-headers", "http3-post-connect-failure", "cancelled", "deadline-exceeded",
        "resource-exhausted", "internal", "unavailable",
    ]
}
