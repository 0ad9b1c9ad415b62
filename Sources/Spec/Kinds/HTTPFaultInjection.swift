// Delays and errors made on purpose (Istio HTTPFaultInjection).
// Shares stay as they are written; what they come to is the compiler's business.

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

    /// The number of a gRPC status by its name, or written as a number; nil for what is neither.
    public static func grpcStatus(_ text: String) -> UInt8? {
        if let index = grpcStatuses.firstIndex(of: text) { return UInt8(index) }
        return UInt8(text).flatMap { $0 < grpcStatuses.count ? $0 : nil }
    }

    /// By number.
    static let grpcStatuses = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
        "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
    ]
}
