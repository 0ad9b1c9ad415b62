// Makes an authority in a folder.
// Everything is made in memory, staged, and decided on in one transaction: an `init` that is
// killed leaves either no authority, and can be run again, or a whole one.
public import PKI

/// What an authority is to be made of.
public struct AuthorityPlan: Sendable {
    public enum Source: Sendable {
        /// A new root and a new intermediate.
        case fresh
        /// A new intermediate under a root that exists. The root's key is used once and not kept.
        case root(Certificate, PrivateKey)
        /// A certificate that signs already, from Istio's `cacerts` or its like.
        case plugged(PluggedAuthority)
    }

    public var trustDomain: TrustDomain
    public var source: Source
    public var algorithm = KeyAlgorithm.p256
    public var rootLifetime = AuthorityLimits.rootLifetime
    public var intermediateLifetime = AuthorityLimits.intermediateLifetime
    /// Whether intermediates are bound to the trust domain by a name constraint.
    public var isConstrained = true
    /// Encrypts the keys; nil: the access rights of their files must do.
    public var passphrase: [UInt8]?

    public init(trustDomain: TrustDomain, source: Source = .fresh) {
        self.trustDomain = trustDomain
        self.source = source
    }
}

extension Authority {
    /// - Throws: `.exists` where the folder holds anything of an authority.
    public static func create(
        path: String, plan: AuthorityPlan, at now: UnixTime = .now
    ) throws(AuthorityError) -> Authority {
        guard plan.rootLifetime <= AuthorityLimits.rootLifetimeMax else {
            throw .lifetimeTooLong(plan.rootLifetime, max: AuthorityLimits.rootLifetimeMax)
        }
        let folder = Folder(path: path)
        try refuseOccupied(folder)
        // Before anything is written: this is what takes long, and what can be refused.
        let founding = try AuthorityFounding(plan: plan, now: now)
        try folder.make()
        if !folder.contains(AuthorityFile.ledger) {
            do throws(AuthorityError) {
                try folder.create(AuthorityFile.ledger, [], access: .owner)
            } catch .exists {
                // Another process is faster; the ledger decides which of the two goes on.
            }
        }
        let ledger = try Ledger(path: folder.path(of: AuthorityFile.ledger))
        try ledger.write { () throws(AuthorityError) in
            guard try ledger.setting(.trustDomain) == nil else {
                throw .exists(path: folder.path(of: AuthorityFile.ledger))
            }
            try refuseOccupied(folder)
            try founding.record(in: ledger)
            try ledger.note(founding.files, in: folder)
        }
        try ledger.finishFiles(in: folder)
        let authority = Authority(
            folder: folder, ledger: ledger, trustDomain: plan.trustDomain,
            passphrase: plan.passphrase)
        try authority.refreshFirstLists(founding, at: now)
        return authority
    }

    private static func refuseOccupied(_ folder: Folder) throws(AuthorityError) {
        for name in AuthorityFile.made where folder.contains(name) {
            throw .exists(path: folder.path(of: name))
        }
    }

    /// With the root's list, if its key is at hand only now.
    private func refreshFirstLists(
        _ founding: AuthorityFounding, at now: UnixTime
    ) throws(AuthorityError) {
        try settled { () throws(AuthorityError) in
            var signers = try signers()
            if let root = founding.root { signers[root.certificate.issuerKey] = root }
            let lists = try lists(signedBy: signers, at: now)
            try folder.replace(AuthorityFile.lists, with: lists, access: .everybody)
        }
    }
}
