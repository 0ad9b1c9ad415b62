// What one way to fail means: to the client, to the access log, to the metrics and to a retry.
// One row has all of it, so that the four can never tell different stories.

public struct FailureRow: Sendable {
    /// Who is at fault.
    public enum Side: String, Sendable { case downstream, upstream, proxy }

    /// What a route's retry policy takes it for (Envoy's wouldRetryFromReset).
    public enum Retry: Sendable {
        case never
        /// Nothing reached an endpoint.
        case connectFailure
        /// An endpoint has refused to act on it (RFC 9113 section 8.7).
        case refused
        /// An endpoint may have begun to act.
        case reset
    }

    /// The response's status; 0 where there is no response any more, so that a head that was
    /// already passed on keeps its own.
    public let status: UInt16
    public let flags: ResponseFlags
    /// `%RESPONSE_CODE_DETAILS%`, also the metric label; upstream failures get their reason in
    /// braces, see `Failure.appendDetails`.
    public let details: StaticString
    /// Envoy's name for the reset, `connection termination`; nil for what is no reset.
    public let reset: StaticString?
    /// The response's body, text/plain without a line feed at its end; empty for most. Upstream
    /// failures get theirs from the reason, see `Failure.appendBody`.
    public let body: StaticString
    public let side: Side
    public let retry: Retry
    /// Whether the client's connection ends with this response: where its bytes cannot be trusted
    /// to be where the next request begins.
    public let closesDownstream: Bool

    init(
        _ status: UInt16, _ flags: ResponseFlags, _ details: StaticString,
        reset: StaticString? = nil, body: StaticString = "", side: Side,
        retry: Retry = .never, closes: Bool = false
    ) {
        self.status = status
        self.flags = flags
        self.details = details
        self.reset = reset
        self.body = body
        self.side = side
        self.retry = retry
        self.closesDownstream = closes
    }
}
