// The first certificates of an authority, its files, and what its ledger says of them.
internal import PKI

struct AuthorityFounding {
    let plan: AuthorityPlan
    let now: UnixTime
    let issuer: Issuer
    let chain: [Certificate]
    let roots: [Certificate]
    /// nil where the root's key is in nobody's hands here.
    let root: Issuer?
    let lists: [RevocationList]
    /// Made here, and so to be written into the ledger, with the issuer's key and its kind.
    private let made: [(template: CertificateTemplate, certificate: Certificate, issuer: String)]

    init(plan: AuthorityPlan, now: UnixTime) throws(AuthorityError) {
        self.plan = plan
        self.now = now
        let profile = AuthorityProfile(trustDomain: plan.trustDomain, now: now)
        var made: [(template: CertificateTemplate, certificate: Certificate, issuer: String)] = []
        func intermediate(below root: Issuer) throws(PKIError) -> Issuer {
            let key = try PrivateKey.generate(plan.algorithm)
            let template = try profile.intermediate(
                key.publicKey, below: root.certificate, lifetime: plan.intermediateLifetime,
                isConstrained: plan.isConstrained)
            let certificate = try root.sign(template, for: key.publicKey)
            made.append((template, certificate, root.certificate.issuerKey))
            return try Issuer(certificate: certificate, key: key)
        }
        switch plan.source {
        case .fresh:
            (root, issuer) = try AuthorityError.wrapping { () throws(PKIError) in
                let key = try PrivateKey.generate(plan.algorithm)
                let template = try profile.root(key.publicKey, lifetime: plan.rootLifetime)
                let certificate = try Certificate.selfSigned(template, key: key)
                made.append((template, certificate, certificate.issuerKey))
                let root = try Issuer(certificate: certificate, key: key)
                return (root, try intermediate(below: root))
            }
            chain = []
            roots = root.map { [$0.certificate] } ?? []
            lists = []
        case .root(let certificate, let key):
            (root, issuer) = try AuthorityError.wrapping { () throws(PKIError) in
                let root = try Issuer(certificate: certificate, key: key)
                guard certificate.isAuthority, certificate.pathLength != 0 else {
                    throw .badName(
                        certificate.label, reason: "may not have an authority below it")
                }
                return (root, try intermediate(below: root))
            }
            chain = []
            roots = [certificate]
            lists = []
        case .plugged(let plugged):
            let hosts = plugged.issuer.certificate.permittedURIHosts
            guard hosts.isEmpty || hosts.contains(plan.trustDomain.name) else {
                throw .pki(
                    .badName(
                        plan.trustDomain.name,
                        reason: "is not a trust domain that the certificate's name constraints "
                            + "permit: \(hosts.joined(separator: ", "))"))
            }
            root = nil
            issuer = plugged.issuer
            chain = plugged.chain
            roots = plugged.roots
            lists = plugged.lists
        }
        self.made = made
    }

    /// Inside of `write`.
    func record(in ledger: Ledger) throws(AuthorityError) {
        try ledger.set(.trustDomain, plan.trustDomain.name)
        try ledger.set(.nameConstraints, plan.isConstrained ? "yes" : "no")
        for certificate in roots where certificate != issuer.certificate {
            try ledger.add(certificate, as: .root, at: now)
        }
        try ledger.add(issuer.certificate, as: .intermediate, at: now)
        try ledger.set(.issuer, issuer.certificate.issuerKey)
        if let root = roots.first { try ledger.set(.root, root.issuerKey) }
        for one in made {
            try ledger.reserve(
                LedgerEntry(
                    template: one.template, issuer: one.issuer,
                    kind: one.certificate.isSelfIssued ? .root : .intermediate,
                    name: one.certificate.subject))
            try ledger.settle(one.certificate)
        }
    }

    /// Every file but the lists, which are made when all others are in place.
    var files: [FileChange] {
        get throws(AuthorityError) {
            try AuthorityError.wrapping { () throws(PKIError) in
                var files = [
                    FileChange(name: AuthorityFile.roots, bytes: roots.flatMap(\.pem)),
                    FileChange(
                        name: AuthorityFile.chain,
                        bytes: ([issuer.certificate] + chain + roots).flatMap(\.pem)),
                    FileChange(
                        name: AuthorityFile.issuerCertificate, bytes: issuer.certificate.pem),
                    FileChange(
                        name: AuthorityFile.issuerKey,
                        bytes: try issuer.key.pem(passphrase: plan.passphrase)),
                ]
                if case .fresh = plan.source, let root {
                    files.append(
                        FileChange(
                            name: AuthorityFile.rootKey,
                            bytes: try root.key.pem(passphrase: plan.passphrase)))
                }
                if !lists.isEmpty {
                    files.append(
                        FileChange(name: AuthorityFile.lists, bytes: lists.flatMap(\.pem)))
                }
                return files
            }
        }
    }
}
