// Limits and timeouts of the connections to a destination (Istio ConnectionPoolSettings).
// The time to connect and the protocol act today; the rest is decoded and checked.

public struct ConnectionPoolSettings: Sendable {
    public var position = Position()
    public var tcp: TCP?
    public var http: HTTP?
    public init() {}

    public struct TCP: Sendable {
        public var position = Position()
        /// 0 means no limit, as does nil.
        public var maxConnections: Int32?
        /// 10 s where it says nothing.
        public var connectTimeout: Duration?
        public var tcpKeepalive: Keepalive?
        public var maxConnectionDuration: Duration?
        /// Zero switches it off; 1 h where it says nothing.
        public var idleTimeout: Duration?
        public init() {}
    }

    public struct Keepalive: Sendable {
        public var probes: UInt32?
        public var time: Duration?
        public var interval: Duration?
        public init() {}
    }

    public struct HTTP: Sendable {
        public enum H2UpgradePolicy: String, Sendable, Hashable, CaseIterable {
            case byMesh = "DEFAULT"
            case doNotUpgrade = "DO_NOT_UPGRADE"
            case upgrade = "UPGRADE"
        }

        public var position = Position()
        public var http1MaxPendingRequests: Int32?
        public var http2MaxRequests: Int32?
        /// 0 means no limit, 1 switches keep-alive off.
        public var maxRequestsPerConnection: Int32?
        public var maxRetries: Int32?
        public var idleTimeout: Duration?
        public var h2UpgradePolicy = H2UpgradePolicy.byMesh
        public var useClientProtocol = false
        public var maxConcurrentStreams: Int32?
        public var http2KeepAlive: ConnectionKeepalive?
        public init() {}
    }

    public struct ConnectionKeepalive: Sendable {
        public var interval: Duration?
        public var timeout: Duration?
        public init() {}
    }
}
