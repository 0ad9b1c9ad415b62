// The texts of a workload's identity as its folder holds them, not yet understood.

public struct IdentityFiles: Sendable, Equatable {
    /// Leaf first, PEM.
    public var chain: [UInt8]
    public var key: [UInt8]
    public var roots: [UInt8]
    /// Revocation lists; empty where there are none.
    public var lists: [UInt8]

    public init(chain: [UInt8], key: [UInt8], roots: [UInt8], lists: [UInt8]) {
        self.chain = chain
        self.key = key
        self.roots = roots
        self.lists = lists
    }
}
