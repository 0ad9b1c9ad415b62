// What a cluster's connections may number and how long they live: `connectionPool` of a
// DestinationRule or a Sidecar. An object of its own, because most clusters have none and ten
// thousand of them must stay small.

public final class PoolPolicy: Sendable, Hashable {
    /// How much of each there may be at the same time, in the whole process. `.max`: any number.
    public struct Limits: Sendable, Hashable {
        /// `tcp.maxConnections`
        public var connections = UInt32.max
        /// `http.http1MaxPendingRequests`: waiting for a connection, also over HTTP/2.
        public var pendingRequests = UInt32.max
        /// `http.http2MaxRequests`: under way on a connection, also over HTTP/1.1.
        public var requests = UInt32.max
        /// `http.maxRetries`
        public var retries = UInt32.max
        /// Instead of `retries`.
        public var retryBudget: RetryBudget?
        public init() {}

        /// How many tries made again there may be amid so many requests: see `RetryBudget.share`.
        public func retries(amid requests: UInt64) -> UInt32 {
            guard let retryBudget else { return retries }
            let share = requests * UInt64(retryBudget.share) / 1_000_000
            return max(UInt32(clamping: share), retryBudget.least)
        }
    }

    /// `retryBudget` of a traffic policy.
    public struct RetryBudget: Sendable, Hashable {
        /// Millionths of the requests that wait or are under way; with an interval, of those that
        /// went out within it.
        public let share: UInt32
        /// Always allowed, however few requests there are.
        public let least: UInt32
        /// milliseconds; 0: none.
        public let intervalMs: UInt32

        public init(share: UInt32, least: UInt32, intervalMs: UInt32 = 0) {
            self.share = share
            self.least = least
            self.intervalMs = intervalMs
        }
    }

    /// When a connection ends.
    public struct Lifetime: Sendable, Hashable {
        /// `http.maxRequestsPerConnection`; 0: any number.
        public var requests: UInt32 = 0
        /// `tcp.maxConnectionDuration` in milliseconds; 0: none.
        public var durationMs: UInt32 = 0
        /// `http.idleTimeout`, else `tcp.idleTimeout`, in milliseconds; 0: never; nil: nothing is
        /// said.
        public var httpIdleMs: UInt32?
        /// `tcp.idleTimeout` in milliseconds, for connections of bytes; 0: never; nil: nothing is
        /// said.
        public var tcpIdleMs: UInt32?
        public init() {}
    }

    /// `tcp.tcpKeepalive`: TCP's own probes on a silent connection. 0 leaves a number to the
    /// system.
    public struct Keepalive: Sendable, Hashable {
        public var probes: UInt32 = 0
        public var idleSeconds: UInt32 = 0
        public var intervalSeconds: UInt32 = 0
        public init() {}
    }

    /// `http.http2KeepAlive`: PING frames, and how long their answers may take.
    public struct Pings: Sendable, Hashable {
        public let intervalMs: UInt32
        public let timeoutMs: UInt32
        public init(intervalMs: UInt32, timeoutMs: UInt32) {
            self.intervalMs = intervalMs
            self.timeoutMs = timeoutMs
        }
    }

    /// nil: nothing is limited.
    public let limits: Limits?
    public let lifetime: Lifetime
    /// nil: no probes.
    public let keepalive: Keepalive?
    /// `http.maxConcurrentStreams` of an HTTP/2 connection; `.max`: as the peer says.
    public let concurrentStreams: UInt32
    /// nil: no pings.
    public let pings: Pings?

    public init(
        limits: Limits? = nil, lifetime: Lifetime = Lifetime(), keepalive: Keepalive? = nil,
        concurrentStreams: UInt32 = .max, pings: Pings? = nil
    ) {
        self.limits = limits
        self.lifetime = lifetime
        self.keepalive = keepalive
        self.concurrentStreams = concurrentStreams
        self.pings = pings
    }

    public static func == (left: PoolPolicy, right: PoolPolicy) -> Bool {
        left === right
            || left.limits == right.limits && left.lifetime == right.lifetime
                && left.keepalive == right.keepalive
                && left.concurrentStreams == right.concurrentStreams && left.pings == right.pings
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(limits)
        hasher.combine(lifetime)
        hasher.combine(keepalive)
        hasher.combine(concurrentStreams)
        hasher.combine(pings)
    }
}
