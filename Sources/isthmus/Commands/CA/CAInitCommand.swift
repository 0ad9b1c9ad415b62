// `isthmus ca init`: make an authority, or take one over.
import ArgumentParser
import Authority
import Control
import PKI

struct CAInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a certificate authority: a root, and the intermediate that signs.",
        discussion: """
            Nothing is ever overwritten. An authority of Istio's (the files of its cacerts secret)
            is taken over with --cacerts; an existing root signs a new intermediate with
            --root-cert and --root-key, and its key is not kept.
            """)

    @OptionGroup var options: CAOptions

    @Option(help: ArgumentHelp("The trust domain of every identity.", valueName: "name"))
    var trustDomain = TrustDomain.clusterLocal.name

    @Option(help: "The kind of the authority's keys.")
    var key = KeyAlgorithm.p256

    @Option(help: ArgumentHelp("How long the root is valid.", valueName: "time"))
    var rootTtl = AuthorityLimits.rootLifetime

    @Option(help: ArgumentHelp("How long the intermediate is valid.", valueName: "time"))
    var issuerTtl = AuthorityLimits.intermediateLifetime

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Bind the intermediate to the trust domain's SPIFFE ids. Some verifiers cannot read "
                + "that, and refuse it: Python's cryptography, Rust's webpki."))
    var nameConstraints = true

    @Option(help: ArgumentHelp("An existing root certificate.", valueName: "file"))
    var rootCert: String?

    @Option(help: ArgumentHelp("The private key of --root-cert.", valueName: "file"))
    var rootKey: String?

    @Option(
        help: ArgumentHelp(
            "A folder with an existing intermediate: ca-cert.pem, ca-key.pem, root-cert.pem and "
                + "cert-chain.pem, or tls.crt, tls.key and ca.crt.", valueName: "folder"))
    var cacerts: String?

    func validate() throws {
        guard (rootCert == nil) == (rootKey == nil) else {
            throw ValidationError("--root-cert and --root-key go together")
        }
        guard rootCert == nil || cacerts == nil else {
            throw ValidationError("--cacerts brings its own root; leave out --root-cert")
        }
    }

    func run() throws {
        try certifying {
            let passphrase = try options.passphrase()
            var plan = AuthorityPlan(trustDomain: try TrustDomain(trustDomain))
            plan.source = try source(passphrase: passphrase)
            plan.algorithm = key
            plan.rootLifetime = rootTtl
            plan.intermediateLifetime = issuerTtl
            plan.isConstrained = nameConstraints
            plan.passphrase = passphrase
            let authority = try Authority.create(path: options.folder, plan: plan)
            tell(try authority.issuerCertificate(), try authority.bundle(), plan)
        }
    }

    private func source(passphrase: [UInt8]?) throws -> AuthorityPlan.Source {
        if let cacerts {
            return .plugged(try PluggedAuthority(path: cacerts, passphrase: passphrase))
        }
        guard let rootCert, let rootKey else { return .fresh }
        let certificates = try readFile(rootCert) { bytes throws(PKIError) in
            try Certificate.parse(pem: bytes)
        }
        let key = try readFile(rootKey) { bytes throws(PKIError) in
            try PrivateKey(pem: bytes, passphrase: passphrase)
        }
        return .root(certificates[0], key)
    }

    private func tell(_ issuer: Certificate, _ roots: [Certificate], _ plan: AuthorityPlan) {
        var lines = ["A certificate authority for \(plan.trustDomain) is in \(options.folder):"]
        for root in roots { lines.append("  root    \(root.subject), until \(root.notAfter)") }
        lines.append("  issuer  \(issuer.subject), until \(issuer.notAfter)")
        if plan.isConstrained, !plan.trustDomain.isConstrainable {
            lines.append(
                "The trust domain is no full domain name, so the issuer could not be bound to it.")
        }
        switch plan.source {
        case .fresh:
            lines.append(
                "Keep \(options.folder)/root-key.pem in a safe place: it is needed only to rotate.")
        case .root:
            lines.append("The root's key was used and not kept.")
        case .plugged: break
        }
        if plan.passphrase == nil {
            lines.append("The keys are protected by their files' access rights alone.")
        }
        Output.talk(lines.joined(separator: "\n") + "\n")
    }
}
