// How to talk to a destination: balancing, connection pool, outlier detection, TLS.
// Blocks are optional one by one, because Istio merges policies block by block and never field by
// field: a block that is there replaces the whole block of the level above.

public final class TrafficPolicy: Sendable {
    public let position: Position
    /// The blocks of the policy for all ports.
    public let blocks: Blocks
    public let portLevelSettings: [PortSettings]

    public init(
        position: Position = Position(), blocks: Blocks = Blocks(),
        portLevelSettings: [PortSettings] = []
    ) {
        self.position = position
        self.blocks = blocks
        self.portLevelSettings = portLevelSettings
    }

    /// The blocks of a policy or a subset's policy; a port's policy has the first four alone.
    public struct Blocks: Sendable {
        public var loadBalancer: LoadBalancerSettings?
        public var connectionPool: ConnectionPoolSettings?
        public var outlierDetection: OutlierDetection?
        public var tls: ClientTLSSettings?
        public var tunnel: TunnelSettings?
        public var proxyProtocol: ProxyProtocolVersion?
        public var retryBudget: RetryBudget?
        public init() {}
        public var isEmpty: Bool {
            loadBalancer == nil && connectionPool == nil && outlierDetection == nil && tls == nil
                && tunnel == nil && proxyProtocol == nil && retryBudget == nil
        }
    }

    /// Replaces the whole policy for one port.
    public struct PortSettings: Sendable {
        public var position = Position()
        public var port: UInt16 = 0
        public var blocks = Blocks()
        public init() {}
    }

    public struct TunnelSettings: Sendable {
        public var position = Position()
        /// `CONNECT` or `POST`; empty means CONNECT.
        public var protocolName = ""
        public var targetHost = ""
        public var targetPort: UInt16 = 0
        public init() {}
    }

    public enum ProxyProtocolVersion: String, Sendable, Hashable, CaseIterable {
        case v1 = "V1"
        case v2 = "V2"
    }

    public struct RetryBudget: Sendable {
        public var position = Position()
        /// Of the active requests; 20 where it says nothing.
        public var percent: Double?
        public var minRetryConcurrency: UInt32?
        public var budgetInterval: Duration?
        public init() {}
    }
}
