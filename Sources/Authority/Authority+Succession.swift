// What every rotation does: make a successor, retire its predecessor, put the files into place.
internal import PKI

/// A new intermediate that is signed, and not in force yet.
struct Successor {
    let issuer: Issuer
    let template: CertificateTemplate
    /// The key of the root above it.
    let rootKey: String
}

extension Authority {
    /// Decides on new files and ledger entries at once, and then makes the lists anew.
    func change(
        at now: UnixTime, _ body: () throws(AuthorityError) -> (Rotation, [FileChange])
    ) throws(AuthorityError) -> Rotation {
        let rotation = try settled { () throws(AuthorityError) in
            let (rotation, changes) = try body()
            try ledger.note(changes, in: folder)
            return rotation
        }
        signer = nil
        try ledger.finishFiles(in: folder)
        try refreshLists(at: now)
        return rotation
    }

    /// The root that is in force, with its key from the folder or from the caller.
    func rootSigner(_ given: PrivateKey?) throws(AuthorityError) -> Issuer {
        try settled { () throws(AuthorityError) in
            let name = AuthorityFile.rootKey
            let current = try ledger.setting(.root)
            guard let root = try ledger.issuers().first(where: { $0.key == current }) else {
                throw .rootKeyAbsent(path: folder.path(of: name))
            }
            let key: PrivateKey
            if let given {
                key = given
            } else {
                guard folder.contains(name) else {
                    throw .rootKeyAbsent(path: folder.path(of: name))
                }
                key = try self.key(in: name)
            }
            return try reading(name) { () throws(PKIError) in
                try Issuer(certificate: root.certificate, key: key)
            }
        }
    }

    func newIssuer(
        below root: Issuer, algorithm: KeyAlgorithm?, lifetime: Lifetime, now: UnixTime
    ) throws(AuthorityError) -> Successor {
        let isConstrained = try ledger.setting(.nameConstraints) != "no"
        let present = try currentSigner().issuer.key.kind.algorithm
        return try AuthorityError.wrapping { () throws(PKIError) in
            let key = try PrivateKey.generate(algorithm ?? present ?? .p256)
            let template = try AuthorityProfile(trustDomain: trustDomain, now: now).intermediate(
                key.publicKey, below: root.certificate, lifetime: lifetime,
                isConstrained: isConstrained)
            return Successor(
                issuer: try Issuer(
                    certificate: try root.sign(template, for: key.publicKey), key: key),
                template: template, rootKey: root.certificate.issuerKey)
        }
    }

    /// The present signing key goes on making its revocation list, under another name.
    func retireIssuer() throws(AuthorityError) -> [FileChange] {
        guard let current = try ledger.setting(.issuer) else { return [] }
        try ledger.set(current, .retired)
        return [
            FileChange(
                name: AuthorityFile.retiredKey(current),
                bytes: try required(AuthorityFile.issuerKey))
        ]
    }

    /// Makes the ledger sign with a successor.
    func install(_ made: Successor, now: UnixTime) throws(AuthorityError) {
        let certificate = made.issuer.certificate
        try ledger.add(certificate, as: .intermediate, at: now)
        try record(made.template, certificate, issuer: made.rootKey, kind: .intermediate)
        try ledger.set(.issuer, certificate.issuerKey)
    }

    func record(
        _ template: CertificateTemplate, _ certificate: Certificate, issuer: String,
        kind: LedgerEntry.Kind
    ) throws(AuthorityError) {
        try ledger.reserve(
            LedgerEntry(
                template: template, issuer: issuer, kind: kind, name: certificate.subject))
        try ledger.settle(certificate)
    }

    func files(
        of issuer: Issuer, chain: [Certificate], roots: [Certificate]
    ) throws(AuthorityError) -> [FileChange] {
        let key = try AuthorityError.wrapping { () throws(PKIError) in
            try issuer.key.pem(passphrase: passphrase)
        }
        return [
            FileChange(name: AuthorityFile.roots, bytes: roots.flatMap(\.pem)),
            FileChange(
                name: AuthorityFile.chain,
                bytes: ([issuer.certificate] + chain).flatMap(\.pem)),
            FileChange(name: AuthorityFile.issuerCertificate, bytes: issuer.certificate.pem),
            FileChange(name: AuthorityFile.issuerKey, bytes: key),
        ]
    }

    func retiredRoots() throws(AuthorityError) -> [IssuerEntry] {
        try ledger.issuers().filter { $0.role == .root && $0.state == .retired }
    }

    /// Retired intermediates that these roots signed.
    func issuers(below roots: [IssuerEntry]) throws(AuthorityError) -> [IssuerEntry] {
        let keys = Set(roots.map(\.key))
        return try ledger.issuers().filter { entry in
            entry.role == .intermediate && entry.state == .retired
                && keys.contains(Hex.text(entry.certificate.authorityKeyIdentifier))
        }
    }

    /// Leaves under these intermediates that somebody still presents.
    func refuseInUse(
        _ issuers: [IssuerEntry], at now: UnixTime
    ) throws(AuthorityError) {
        var count = 0
        var until = UnixTime(0)
        for entry in issuers {
            let live = try ledger.live(of: entry.key, at: now)
            count += live.count
            until = max(until, live.until)
        }
        if count > 0 { throw .rootInUse(count: count, until: until) }
    }
}
