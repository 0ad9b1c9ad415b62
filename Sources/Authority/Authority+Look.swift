// Looks at the authority without changing it.
public import PKI

extension Authority {
    /// Every certificate in the ledger, the soonest to expire first.
    public func entries() throws(AuthorityError) -> [LedgerEntry] { try ledger.entries() }

    public func entry(_ serial: SerialNumber) throws(AuthorityError) -> LedgerEntry? {
        try ledger.entry(serial)
    }

    /// The certificates that workloads of this mesh must trust: one, or two while a root is being
    /// replaced.
    public func bundle() throws(AuthorityError) -> [Certificate] { try certificates().roots }

    /// The certificate that signs now.
    public func issuerCertificate() throws(AuthorityError) -> Certificate {
        try certificates().issuer
    }

    /// Whether little enough of the signing certificate's life is left that it should be rotated.
    public func isRotationDue(at now: UnixTime = .now) throws(AuthorityError) -> Bool {
        let issuer = try issuerCertificate()
        let whole = issuer.notAfter - issuer.notBefore
        return (issuer.notAfter - now) * 100 < whole * AuthorityLimits.rotationDuePercent
    }

    /// Checks a chain as a peer in the mesh would, against the roots, the lists and the ledger.
    ///
    /// - Parameters:
    ///   - chain: leaf first.
    ///   - path: for messages.
    /// - Returns: the chain up to its root.
    public func verify(
        _ chain: [Certificate], expecting expectation: PeerExpectation = .anybody,
        at now: UnixTime = .now, path: String
    ) throws(AuthorityError) -> [Certificate] {
        guard let leaf = chain.first else { throw .badFile(path: path, .missing(.certificate)) }
        let (known, lists) = try settled { () throws(AuthorityError) in
            (try readCertificates(), try presentLists())
        }
        // Whole chains where every issuer has its list; the root above a plugged-in authority may
        // have none, and then the ledger is all there is to say about intermediates.
        let issuers = try ledger.everyIssuer()
        let listed = Set(lists.compactMap { $0.owner(among: issuers) })
        let isComplete = (known.roots + known.intermediates).allSatisfy {
            listed.contains($0.issuerKey)
        }
        let store = try AuthorityError.wrapping { () throws(PKIError) in
            try TrustStore(
                roots: known.roots, lists: lists, revocationCheck: isComplete ? .chain : .leaf)
        }
        let verified: [Certificate]
        do throws(VerificationError) {
            verified = try store.verify(
                leaf, intermediates: Array(chain.dropFirst()), at: now, expecting: expectation)
        } catch {
            throw .untrusted(path: path, error)
        }
        for certificate in verified {
            if let entry = try ledger.entry(certificate.serial),
                case .revoked(_, let reason) = entry.state
            {
                throw .untrusted(
                    path: path,
                    VerificationError(.revoked(reason), certificate: certificate.label))
            }
        }
        return verified
    }
}
