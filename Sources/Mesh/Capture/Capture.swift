// How connections that were not made to the proxy come to it: the kernel redirects them, and says
// on demand where each was meant to go (SO_ORIGINAL_DST).

/// The redirection a sidecar is compiled for.
public struct Capture: Sendable, Equatable {
    /// Where connections that leave the workload arrive, at port 15001.
    public var outboundBind: String
    /// Where those over IPv6 do; nil where the same address takes both.
    public var outboundBindIPv6: String?
    /// Where connections to the workload arrive, at port 15006; nil where those are not redirected
    /// and the workload's own ports are listened on.
    public var inboundBind: String?
    /// The workload is in a network namespace of its own, whose loopback is not the proxy's.
    public var isApart: Bool

    public init(
        outboundBind: String = "127.0.0.1", outboundBindIPv6: String? = nil,
        inboundBind: String? = nil, isApart: Bool = false
    ) {
        self.outboundBind = outboundBind
        self.outboundBindIPv6 = outboundBindIPv6
        self.inboundBind = inboundBind
        self.isApart = isApart
    }

    /// Istio's ports.
    public static let outboundPort: UInt16 = 15001
    public static let inboundPort: UInt16 = 15006

    /// Clusters of Istio's names for what no object describes.
    public static let passthroughCluster = "PassthroughCluster"
    public static let inboundPassthroughCluster = "InboundPassthroughCluster"
    public static let blackHoleCluster = "BlackHoleCluster"
}

extension Cluster {
    /// Its endpoint is the workload this proxy stands beside.
    public var leadsToOwnWorkload: Bool { name.hasPrefix("inbound|") }

    /// It leads nowhere: what a policy blocks.
    public var isBlackHole: Bool { name == Capture.blackHoleCluster }
}

extension ListenerSpec {
    /// How connections come to a listener.
    public enum Reach: Sendable, Equatable {
        /// To its own address.
        case bound
        /// To its own address, where redirected ones arrive as well: those go to the listener for
        /// their destination.
        case gate
        /// Through the gate of its direction alone: meant for one of these addresses (any where
        /// there are none) and the declared port (any where that is 0). Nothing is bound.
        case captured([AddressBlock])
    }

    /// Whether a socket is bound for it.
    public var isBound: Bool {
        if case .captured = reach { false } else { true }
    }
}
