// Replaces the signing certificate, and the root above it, while everybody goes on working.
// A new root is trusted before it is needed: its certificate joins the old one in the bundle, and
// the old root signs the new one's key as well, so that even a peer that never got the new bundle
// can follow every new chain up to the root it knows.
public import PKI

/// What a rotation made.
public struct Rotation: Sendable {
    public let issuer: Certificate
    /// What is trusted from now on.
    public let roots: [Certificate]
}

extension Authority {
    /// Makes a new intermediate under the present root. Leaves under the old one stay valid.
    ///
    /// - Parameters:
    ///   - algorithm: nil: the kind of the present key.
    ///   - rootKey: the root's key, where it is not in the folder.
    public func rotateIssuer(
        algorithm: KeyAlgorithm? = nil, rootKey: PrivateKey? = nil,
        lifetime: Lifetime = AuthorityLimits.intermediateLifetime, at now: UnixTime = .now
    ) throws(AuthorityError) -> Rotation {
        let root = try rootSigner(rootKey)
        let made = try newIssuer(
            below: root, algorithm: algorithm, lifetime: lifetime, now: now)
        return try change(at: now) { () throws(AuthorityError) in
            guard try ledger.setting(.root) == root.certificate.issuerKey else {
                throw .ledgerBusy(path: ledger.database.path)
            }
            let present = try readCertificates()
            let above = present.above.filter { $0.issuerKey == root.certificate.issuerKey }
            var changes = try retireIssuer()
            try install(made, now: now)
            changes += try files(
                of: made.issuer, chain: above + [root.certificate], roots: present.roots)
            return (Rotation(issuer: made.issuer.certificate, roots: present.roots), changes)
        }
    }

    /// Makes a new root and a new intermediate under it; both roots are trusted until
    /// `finishRootRotation`.
    public func rotateRoot(
        algorithm: KeyAlgorithm? = nil, rootKey: PrivateKey? = nil,
        rootLifetime: Lifetime = AuthorityLimits.rootLifetime,
        lifetime: Lifetime = AuthorityLimits.intermediateLifetime, at now: UnixTime = .now
    ) throws(AuthorityError) -> Rotation {
        guard rootLifetime <= AuthorityLimits.rootLifetimeMax else {
            throw .lifetimeTooLong(rootLifetime, max: AuthorityLimits.rootLifetimeMax)
        }
        guard try retiredRoots().isEmpty else { throw .rotationUnfinished }
        let old = try rootSigner(rootKey)
        let profile = AuthorityProfile(trustDomain: trustDomain, now: now)
        let chosen = algorithm ?? old.key.kind.algorithm ?? .p256
        let (root, rootTemplate, cross, crossTemplate) = try AuthorityError.wrapping {
            () throws(PKIError) in
            let key = try PrivateKey.generate(chosen)
            let template = try profile.root(key.publicKey, lifetime: rootLifetime)
            let certificate = try Certificate.selfSigned(template, key: key)
            let crossTemplate = try profile.cross(
                certificate, subject: template.subject, below: old.certificate)
            let cross = try old.sign(crossTemplate, for: key.publicKey)
            return (
                try Issuer(certificate: certificate, key: key), template, cross, crossTemplate
            )
        }
        let made = try newIssuer(below: root, algorithm: chosen, lifetime: lifetime, now: now)
        return try change(at: now) { () throws(AuthorityError) in
            guard try retiredRoots().isEmpty,
                try ledger.setting(.root) == old.certificate.issuerKey
            else { throw .rotationUnfinished }
            let present = try readCertificates()
            let oldKey = old.certificate.issuerKey
            var changes = try retireIssuer()
            if let bytes = try folder.read(AuthorityFile.rootKey) {
                changes.append(
                    FileChange(name: AuthorityFile.retiredKey(oldKey), bytes: bytes))
            }
            try ledger.set(oldKey, .retired)
            try ledger.add(root.certificate, as: .root, at: now)
            let newKey = root.certificate.issuerKey
            try record(rootTemplate, root.certificate, issuer: newKey, kind: .root)
            try record(crossTemplate, cross, issuer: oldKey, kind: .intermediate)
            try install(made, now: now)
            try ledger.set(.root, newKey)
            let roots = present.roots + [root.certificate]
            changes += try files(
                of: made.issuer, chain: [cross, root.certificate], roots: roots)
            let keyText = try AuthorityError.wrapping { () throws(PKIError) in
                try root.key.pem(passphrase: passphrase)
            }
            changes.append(FileChange(name: AuthorityFile.rootKey, bytes: keyText))
            return (Rotation(issuer: made.issuer.certificate, roots: roots), changes)
        }
    }

    /// Ends the overlap: only the new root is trusted.
    ///
    /// - Parameter isForced: also while certificates under the old root are in use.
    public func finishRootRotation(
        isForced: Bool = false, at now: UnixTime = .now
    ) throws(AuthorityError) -> Rotation {
        try change(at: now) { () throws(AuthorityError) in
            let retired = try retiredRoots()
            guard !retired.isEmpty else { throw .noRotation }
            let below = try issuers(below: retired)
            if !isForced { try refuseInUse(below, at: now) }
            let present = try readCertificates()
            let gone = Set(retired.map(\.key))
            let roots = present.roots.filter { !gone.contains($0.issuerKey) }
            var changes: [FileChange] = []
            for entry in retired + below {
                try ledger.set(entry.key, .gone)
                changes.append(
                    FileChange(name: AuthorityFile.retiredKey(entry.key), bytes: nil))
            }
            changes += [
                FileChange(name: AuthorityFile.roots, bytes: roots.flatMap(\.pem)),
                FileChange(
                    name: AuthorityFile.chain,
                    bytes: ([present.issuer] + roots).flatMap(\.pem)),
            ]
            return (Rotation(issuer: present.issuer, roots: roots), changes)
        }
    }
}
