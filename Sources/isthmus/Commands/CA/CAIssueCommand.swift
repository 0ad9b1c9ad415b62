// `isthmus ca issue`: a key and a certificate, for a workload or for a gateway's host names.
import ArgumentParser
import Authority
import PKI

struct CAIssueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue",
        abstract: "Issue a certificate with a new key: cert-chain.pem, key.pem, root-cert.pem.",
        discussion: """
            Prints the serial number, or with --secret the Secret.

            isthmus ca issue -n default --service-account reviews --out /etc/certs
            isthmus ca issue --gateway shop.example.com '*.shop.example.com' --out gateway/
            isthmus ca issue --gateway shop.example.com --secret shop-credential > secret.yaml
            """)

    @OptionGroup var options: CAOptions
    @OptionGroup var workload: WorkloadOptions

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Instead of a workload's identity: a server certificate for these hosts.",
            valueName: "host"))
    var gateway: [String] = []

    @Option(
        help: ArgumentHelp(
            "How long it is valid, at most \(AuthorityLimits.leafLifetimeMax). (default: "
                + "\(AuthorityLimits.workloadLifetime) for a workload, "
                + "\(AuthorityLimits.gatewayLifetime) for a gateway)", valueName: "time"))
    var ttl: Lifetime?

    @Option(help: "The kind of the new key.")
    var key = KeyAlgorithm.p256

    @Option(help: ArgumentHelp("Where the three files go.", valueName: "folder"))
    var out = "."

    @Option(
        help: ArgumentHelp(
            "Print a Secret for a Gateway's credentialName instead of writing files; in namespace "
                + "istio-system where none is given.", valueName: "[namespace/]name"))
    var secret: String?

    func validate() throws {
        if gateway.isEmpty {
            guard workload.namespace != nil, workload.serviceAccount != nil else {
                throw ValidationError(
                    "say whose certificate it is: --namespace NAME and --service-account NAME, "
                        + "or --gateway HOST")
            }
        } else if !workload.isEmpty || !workload.dns.isEmpty || !workload.ip.isEmpty {
            throw ValidationError(
                "--gateway is for host names and addresses alone; issue two certificates")
        }
    }

    func run() throws {
        try certifying {
            let secret = try secret.map { try CredentialSecret($0) }
            let folder = IdentityFolder(path: out)
            if secret == nil { try folder.refuseOccupied() }
            let authority = try options.open()
            let key = try PrivateKey.generate(key)
            let subject = try subject(in: authority.trustDomain)
            let issued = try authority.issue(
                LeafRequest(subject, key: try key.publicKey, lifetime: ttl))
            if let secret {
                Output.data(try secret.yaml(issued, key: key))
            } else {
                try folder.create(issued, key: key)
                Output.data("\(issued.certificate.serial)\n")
            }
            issued.tell(path: secret == nil ? out : "standard output")
            try authority.remindOfRotation()
        }
    }

    private func subject(in trustDomain: TrustDomain) throws -> LeafRequest.Subject {
        guard !gateway.isEmpty else { return try workload.subject(in: trustDomain) }
        var hosts: [DNSName] = []
        var addresses: [[UInt8]] = []
        for name in gateway {
            switch try HostOrAddress(name) {
            case .host(let host): hosts.append(host)
            case .address(let bytes): addresses.append(bytes)
            }
        }
        return .gateway(hosts: hosts, addresses: addresses)
    }
}

extension IssuedCertificate {
    /// Says what was made and where it is.
    func tell(path: String) {
        Output.talk(
            "\(certificate.label), until \(certificate.notAfter), in \(path)\n"
                + (isCutShort
                    ? "It ends sooner than asked for, because its issuer does.\n" : ""))
    }
}

extension Authority {
    func remindOfRotation() throws {
        guard try isRotationDue() else { return }
        let end = try issuerCertificate().notAfter
        Output.talk(
            "isthmus: warning: the issuing certificate ends at \(end); replace it with "
                + "`isthmus ca rotate`\n")
    }
}
