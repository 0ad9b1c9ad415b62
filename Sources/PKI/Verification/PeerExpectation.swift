// Who a verified certificate should belong to.

public enum PeerExpectation: Sendable, Hashable {
    /// Whoever the roots vouch for.
    case anybody
    /// A host name, in the form in which it was asked for (RFC 6125).
    case host(String)
    /// 4 or 16 bytes.
    case address([UInt8])
    /// Any workload whose certificate keeps the X509-SVID rules.
    case anyWorkload
    /// One of these workloads.
    case workload(Set<SPIFFEID>)
}

/// The side of a connection that presents the certificate.
public enum PeerSide: Sendable, Hashable {
    case server
    case client
    /// Not asked: a look at a file.
    case either
}
