// What a workload shows to its peers and checks them by: a short-lived certificate for its SPIFFE
// id, its key, and the roots of its mesh.
// A value, so that whoever renews it hands over a whole new one and nobody sees half of it.
public import TLS

public struct WorkloadIdentity: Sendable, Equatable {
    public var identity: TLSIdentity
    /// PEM; several while a new root takes over from an old one.
    public var roots: [UInt8]
    /// PEM CRLs, empty for none.
    public var revocations: [UInt8]

    public init(identity: TLSIdentity, roots: [UInt8], revocations: [UInt8] = []) {
        self.identity = identity
        self.roots = roots
        self.revocations = revocations
    }
}
