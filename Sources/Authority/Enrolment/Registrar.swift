// Tells who an applicant is: by a token, or by the certificate they have.
// It keeps what an answer needs (keys, roots, issuers) at hand, and reads it again when another
// process has changed anything; whether a token was used or a certificate revoked is not kept at
// all, but asked of the ledger in the transaction that issues.
public import PKI

/// Used by one thread at a time, the one its authority belongs to.
public final class Registrar {
    public let authority: Authority
    /// Grows when roots, issuers, lists or the token key have changed.
    public private(set) var generation: UInt64 = 0
    /// The roots to trust, PEM.
    public private(set) var roots: [UInt8] = []
    /// The revocation lists, PEM.
    public private(set) var lists: [UInt8] = []
    /// The certificate that signs now.
    public private(set) var issuer: Certificate
    /// Roots to trust, parsed.
    public private(set) var rootCertificates: [Certificate] = []
    /// What stands between a leaf and its root now, PEM.
    public private(set) var intermediates: [UInt8] = []

    private var tokenKey: PublicKey?
    private var store: TrustStore?
    /// Everybody who signed certificates that may still be out.
    private var issuers: [Certificate] = []
    private var writesSeen: Int64?

    /// Reads everything once, so that what is wrong is found at the start.
    public init(_ authority: Authority) throws(AuthorityError) {
        self.authority = authority
        issuer = try authority.issuerCertificate()
        try refresh()
        // The key to sign with opens, or nothing can be served.
        _ = try authority.currentSigner()
    }

    /// Takes over what other processes have changed.
    ///
    /// - Parameter always: also what this process has.
    public func refresh(always: Bool = false) throws(AuthorityError) {
        let ledger = authority.ledger
        let writes = try ledger.otherWrites()
        guard writes != writesSeen || always else { return }
        let key = try presentTokenKey()
        let (known, lists) = try authority.settled { () throws(AuthorityError) in
            (
                try authority.readCertificates(),
                try authority.folder.read(AuthorityFile.lists) ?? []
            )
        }
        var issuers: [Certificate] = []
        for entry in try ledger.issuers() where entry.role == .intermediate {
            if try ledger.revocationReason(of: entry.certificate.serial) == nil {
                issuers.append(entry.certificate)
            }
        }
        issuers += known.intermediates.filter { !issuers.contains($0) }
        let roots = known.roots.flatMap(\.pem)
        let intermediates = known.intermediates.flatMap(\.pem)
        let isSame =
            key == tokenKey && known.issuer == issuer && issuers == self.issuers
            && roots == self.roots && lists == self.lists && intermediates == self.intermediates
        if !isSame {
            store = try AuthorityError.wrapping { () throws(PKIError) in
                try TrustStore(roots: known.roots)
            }
            tokenKey = key
            issuer = known.issuer
            self.issuers = issuers
            self.roots = roots
            rootCertificates = known.roots
            self.intermediates = intermediates
            self.lists = lists
            generation += 1
        }
        writesSeen = writes
    }

    /// Opening it can take a tenth of a second of passphrase, so it is done for a new one only.
    private func presentTokenKey() throws(AuthorityError) -> PublicKey {
        let identifier = try authority.ledger.setting(.tokenKey)
        if let tokenKey, Hex.text(tokenKey.identifier) == identifier { return tokenKey }
        let key = try authority.tokenKey()
        return try AuthorityError.wrapping { () throws(PKIError) in try key.publicKey }
    }

    /// Who a token speaks for. Whether it was used is decided by `Authority.enrol`.
    public func applicant(
        token text: [UInt8], at now: UnixTime
    ) throws(TokenError) -> Applicant {
        guard let tokenKey else { throw .notSigned }
        let token = try EnrolmentToken(
            text, key: tokenKey, trustDomain: authority.trustDomain, at: now)
        return Applicant(
            identity: token.identity,
            subject: .workload(token.identity, hosts: [], addresses: []), proof: .token(token),
            expiresAt: token.expiresAt)
    }

    /// Whose certificate this is, where a peer proved to hold its key.
    ///
    /// - Throws: `.untrusted` where it is not a workload's of this mesh, or not now; `.revoked`.
    public func applicant(
        certificate der: [UInt8], at now: UnixTime
    ) throws(AuthorityError) -> Applicant {
        let leaf = try AuthorityError.wrapping { () throws(PKIError) in try Certificate(der: der) }
        guard let store else { throw .notIssuedHere(path: leaf.label) }
        do throws(VerificationError) {
            try store.verify(
                leaf, intermediates: issuers, at: now, side: .client, expecting: .anyWorkload)
        } catch {
            throw .untrusted(path: "client certificate", error)
        }
        if let reason = try authority.ledger.revocationReason(of: leaf.serial) {
            throw .revoked(leaf.serial, reason)
        }
        let subject = try authority.subject(of: leaf)
        guard case .workload(let identity, _, _) = subject else {
            throw .notIssuedHere(path: leaf.label)
        }
        guard identity.trustDomain == authority.trustDomain else {
            throw .wrongTrustDomain(identity, expected: authority.trustDomain)
        }
        return Applicant(
            identity: identity, subject: subject, proof: .certificate(leaf.serial),
            expiresAt: leaf.notAfter + 1)
    }
}
