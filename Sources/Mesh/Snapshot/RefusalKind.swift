// What a policy has kept a call from reaching: what operators are told of, and count.
// Here because routes that refuse are compiled; the data plane adds what it finds out by itself.

public enum RefusalKind: Int, Sendable, CaseIterable {
    /// A host that no object describes (`block_all`), or one beyond the names an entry takes.
    case host
    /// A port of a known host that tunnels do not lead to.
    case port
    /// An address that a name must not lead to.
    case address
    /// A redirected connection that is meant for nobody an object describes (BlackHoleCluster).
    case connection
}
