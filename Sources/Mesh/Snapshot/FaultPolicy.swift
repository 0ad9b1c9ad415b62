// Delays and errors made on purpose (Istio HTTPFaultInjection).
// Shares are counted in millionths, as Envoy draws them: 0.0001 % is one of them.

public struct FaultPolicy: Hashable, Sendable {
    public enum Abort: Hashable, Sendable {
        case http(UInt16)
        case grpc(UInt8)
    }

    public struct Delay: Hashable, Sendable {
        public let milliseconds: UInt32
        /// Of a million requests.
        public let share: UInt32

        public init(milliseconds: UInt32, share: UInt32) {
            self.milliseconds = milliseconds
            self.share = share
        }
    }

    /// Drawn before the abort and independent of it.
    public let delay: Delay?
    public let abort: Abort?
    /// Of a million requests.
    public let abortShare: UInt32

    public init(delay: Delay?, abort: Abort?, abortShare: UInt32) {
        self.delay = delay
        self.abort = abort
        self.abortShare = abortShare
    }
}
