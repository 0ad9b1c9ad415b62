// Who a workload is and whom it believes: what every mutual TLS connection of a proxy is made with.
// One value, replaced whole: a new key never meets an old chain, nor a new chain old roots.
internal import Authority
public import PKI
public import TLS

public struct WorkloadIdentity: Sendable, Equatable {
    /// The chain, leaf first, and its key: PEM.
    public let identity: TLSIdentity
    /// The certificates peers must lead to, PEM: one, or two while a root is being replaced.
    public let roots: [UInt8]
    /// PEM revocation lists of the mesh's issuers; empty where nobody gives any.
    public let revocations: [UInt8]
    /// `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/SERVICE_ACCOUNT`
    public let spiffeID: SPIFFEID
    public let notBefore: UnixTime
    /// The last second in which it is valid.
    public let notAfter: UnixTime

    /// - Throws: where the parts do not belong together, or the leaf is no workload's.
    public init(
        chain: [UInt8], key: [UInt8], roots: [UInt8], revocations: [UInt8] = []
    ) throws(IdentityProblem) {
        let leaf = try IdentityProblem.reading("the chain") { () throws(PKIError) in
            let certificates = try Certificate.parse(pem: chain)
            return certificates[0]
        }
        try IdentityProblem.reading("the key") { () throws(PKIError) in
            let fits = try PrivateKey(pem: key).publicKey == leaf.publicKey
            if !fits { throw .keyMismatch }
        }
        _ = try IdentityProblem.reading("the roots") { () throws(PKIError) in
            try Certificate.parse(pem: roots)
        }
        _ = try IdentityProblem.reading("the revocation lists") { () throws(PKIError) in
            try RevocationList.parse(pem: revocations)
        }
        do throws(IdentityError) {
            spiffeID = try leaf.workloadIdentity
        } catch {
            throw IdentityProblem("the certificate is no workload's: \(error)")
        }
        identity = TLSIdentity(chain: chain, key: key)
        self.roots = roots
        self.revocations = revocations
        notBefore = leaf.notBefore
        notAfter = leaf.notAfter
    }

    /// The same identity among others who are believed, or no longer.
    init(_ same: WorkloadIdentity, roots: [UInt8], revocations: [UInt8]) throws(IdentityProblem) {
        try self.init(
            chain: same.identity.chain, key: same.identity.key, roots: roots,
            revocations: revocations)
    }

    init(_ files: IdentityFiles) throws(IdentityProblem) {
        try self.init(
            chain: files.chain, key: files.key, roots: files.roots, revocations: files.lists)
    }

    init(in folder: IdentityFolder) throws(IdentityProblem) {
        let files: IdentityFiles
        do throws(AuthorityError) {
            files = try folder.read()
        } catch {
            throw IdentityProblem("\(error)")
        }
        try self.init(files)
    }

    /// Whether it is this workload's, and its own roots lead to it.
    func check(belongsTo workload: WorkloadName) throws(IdentityProblem) {
        guard spiffeID.workload == workload else {
            throw IdentityProblem(
                "the certificate is for \(spiffeID), and not for service account "
                    + "\(workload.serviceAccount) in namespace \(workload.namespace)")
        }
        let parts = try IdentityProblem.reading("the chain") { () throws(PKIError) in
            (
                chain: try Certificate.parse(pem: identity.chain),
                store: try TrustStore(roots: try Certificate.parse(pem: roots))
            )
        }
        do throws(VerificationError) {
            // At its beginning: whose clock is wrong, ours or the authority's, is not asked here.
            try parts.store.verify(
                parts.chain[0], intermediates: Array(parts.chain.dropFirst()), at: notBefore,
                expecting: .workload([spiffeID]))
        } catch {
            throw IdentityProblem("the certificate does not lead to its roots: \(error)")
        }
    }

    public func isValid(at time: UnixTime) -> Bool { time <= notAfter }
}
