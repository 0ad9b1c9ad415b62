// Delays and errors made on purpose (Istio HTTPFaultInjection).
// Decoded and checked, not acted on yet.

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
