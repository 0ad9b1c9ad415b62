// When and how often a failed request is tried again (Istio HTTPRetry).
// Decoded and checked, not acted on yet.

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
