// What of a failure makes it worth another try (Envoy's x-envoy-retry-on and -retry-grpc-on).
// One table of names serves the compiler and everything that people read.

public struct RetryConditions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Answers of 500 and more, and requests that got none.
    public static let serverError = RetryConditions(rawValue: 1 << 0)
    /// 502, 503 and 504, and requests that got no answer.
    public static let gatewayError = RetryConditions(rawValue: 1 << 1)
    /// No answer: the connection ended, the stream was reset, the try took too long.
    public static let reset = RetryConditions(rawValue: 1 << 2)
    /// No answer, and nothing of the request was sent.
    public static let resetBeforeRequest = RetryConditions(rawValue: 1 << 3)
    /// No connection to the endpoint came about.
    public static let connectFailure = RetryConditions(rawValue: 1 << 4)
    /// Answers with `x-envoy-ratelimited`, which nothing else tries again.
    public static let rateLimited = RetryConditions(rawValue: 1 << 5)
    /// 409.
    public static let retriable4xx = RetryConditions(rawValue: 1 << 6)
    /// REFUSED_STREAM (RFC 9113 section 8.7).
    public static let refusedStream = RetryConditions(rawValue: 1 << 7)
    /// The statuses of the policy.
    public static let statusCodes = RetryConditions(rawValue: 1 << 8)
    /// Istio names no headers, so this never holds.
    public static let headers = RetryConditions(rawValue: 1 << 9)
    /// There is no HTTP/3 here, so this never holds.
    public static let http3PostConnectFailure = RetryConditions(rawValue: 1 << 10)
    // By `grpc-status` among the fields of the head: an answer without messages.
    public static let cancelled = RetryConditions(rawValue: 1 << 11)
    public static let deadlineExceeded = RetryConditions(rawValue: 1 << 12)
    public static let resourceExhausted = RetryConditions(rawValue: 1 << 13)
    public static let `internal` = RetryConditions(rawValue: 1 << 14)
    public static let unavailable = RetryConditions(rawValue: 1 << 15)

    /// Where a rule says nothing else (Istio's DefaultPolicy).
    public static let standard: RetryConditions = [
        .connectFailure, .refusedStream, .unavailable, .cancelled, .statusCodes,
    ]

    /// Those that may hold by an answer's status alone.
    static let byStatus: RetryConditions = [
        .serverError, .gatewayError, .rateLimited, .retriable4xx,
    ]

    public static let byGRPCStatus: RetryConditions = [
        .cancelled, .deadlineExceeded, .resourceExhausted, .internal, .unavailable,
    ]

    /// Those that hold whenever there is no answer: Envoy takes a reset for a 5xx.
    public static let byReset: RetryConditions = [.reset, .serverError, .gatewayError]

    /// As `retryOn` spells them, in the order of Envoy's documentation.
    public static let names: [(name: String, condition: RetryConditions)] = [
        ("5xx", .serverError), ("gateway-error", .gatewayError), ("reset", .reset),
        ("reset-before-request", .resetBeforeRequest), ("connect-failure", .connectFailure),
        ("envoy-ratelimited", .rateLimited), ("retriable-4xx", .retriable4xx),
        ("refused-stream", .refusedStream), ("retriable-status-codes", .statusCodes),
        ("retriable-headers", .headers),
        ("http3-post-connect-failure", .http3PostConnectFailure), ("cancelled", .cancelled),
        ("deadline-exceeded", .deadlineExceeded), ("resource-exhausted", .resourceExhausted),
        ("internal", .internal), ("unavailable", .unavailable),
    ]

    public init?(named name: some StringProtocol) {
        guard let row = Self.names.first(where: { $0.name == name }) else { return nil }
        self = row.condition
    }
}
