// The PROXY header that a cluster's connections begin with (DestinationRule `proxyProtocol`).
// An endpoint behind it believes it, so only whoever asked for it by name gets one.

/// The version of HAProxy's PROXY protocol.
public enum ProxyHeader: Sendable, Equatable {
    /// A line of text.
    case v1
    /// Binary.
    case v2
}
