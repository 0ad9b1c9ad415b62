// The transport protocols of Kubernetes' ports.
// All are read, so that a Service with a UDP port loads; only TCP is proxied.

/// `protocol` of Kubernetes' port types; only TCP is proxied.
public enum KubernetesTransport: String, Sendable, Hashable, CaseIterable {
    case tcp = "TCP"
    case udp = "UDP"
    case sctp = "SCTP"
}
