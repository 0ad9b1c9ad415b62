// Which endpoint gets the next request or connection (Istio LoadBalancerSettings).
// Oneofs of the protobuf are enums here, so that what excludes each other cannot both be set.

public struct LoadBalancerSettings: Sendable {
    public enum Simple: String, Sendable, Hashable, CaseIterable {
        /// Acts as least request.
        case unspecified = "UNSPECIFIED"
        /// Deprecated spelling of LEAST_REQUEST.
        case leastConnections = "LEAST_CONN"
        case random = "RANDOM"
        case passthrough = "PASSTHROUGH"
        case roundRobin = "ROUND_ROBIN"
        case leastRequest = "LEAST_REQUEST"
    }

    public var position = Position()
    /// Nil where it says nothing or hashes; acts as least request then.
    public var simple: Simple?
    public var consistentHash: ConsistentHash?
    public var localityLbSetting: LocalitySetting?
    public var zoneAwareLbSetting: ZoneAwareSetting?
    /// `warmup`, or the deprecated `warmupDurationSecs`.
    public var warmup: Warmup?
    public init() {}

    public struct ConsistentHash: Sendable {
        public enum Key: Sendable {
            case header(String)
            case cookie(Cookie)
            case sourceIP
            case queryParameter(String)
        }
        public enum Algorithm: Sendable {
            case ringHash(minimumRingSize: UInt64)
            case maglev(tableSize: UInt64)
        }
        public struct Cookie: Sendable {
            public var name = ""
            public var path = ""
            /// Nil: the cookie is never made; zero: a session cookie.
            public var ttl: Duration?
            public var attributes: [Headers.Pair] = []
            public init() {}
        }
        public var position = Position()
        /// Nil where it says nothing, which is an error.
        public var key: Key?
        public var algorithm: Algorithm?
        public init() {}
    }

    public struct LocalitySetting: Sendable {
        public struct Distribute: Sendable {
            public var position = Position()
            /// `region/zone/subzone`, `*` allowed in the end.
            public var from = ""
            /// Locality to percent, which sum to 100.
            public var to: [Share] = []
            public init() {}
        }
        public struct Share: Sendable {
            public var locality = ""
            public var percent: UInt32 = 0
            public init() {}
        }
        public var position = Position()
        public var distribute: [Distribute] = []
        public var failover: [Failover] = []
        /// Labels, `key` or `key=value`.
        public var failoverPriority: [String] = []
        /// Nil means true.
        public var enabled: Bool?
        public init() {}
    }

    public struct ZoneAwareSetting: Sendable {
        public var position = Position()
        public var enabled: Bool?
        public var failover: [Failover] = []
        public var failoverPriority: [String] = []
        public var minClusterSize: UInt64?
        public init() {}
    }

    public struct Failover: Sendable {
        public var position = Position()
        /// Names of regions.
        public var from = ""
        public var to = ""
        public init() {}
    }

    public struct Warmup: Sendable {
        public var position = Position()
        public var duration: Duration?
        public var minimumPercent: Double?
        public var aggression: Double?
        public init() {}
    }
}
