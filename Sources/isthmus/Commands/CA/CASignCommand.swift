// `isthmus ca sign`: a certificate for a key that never leaves its owner.
import ArgumentParser
import Authority
import PKI

struct CASignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a certificate request; prints the chain, or writes it with --out.",
        discussion: """
            The request proves possession of the key, and that is all it is believed: the names in
            it are ignored, and those given here go into the certificate, as in Istio.

            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / \\
                -keyout key.pem -out csr.pem
            isthmus ca sign --csr csr.pem -n default --service-account reviews > cert-chain.pem
            """)

    @OptionGroup var options: CAOptions
    @OptionGroup var workload: WorkloadOptions

    @Option(help: ArgumentHelp("The request, - for standard input.", valueName: "file"))
    var csr: String

    @Option(
        help: ArgumentHelp(
            "How long it is valid, at most \(AuthorityLimits.leafLifetimeMax).",
            valueName: "time"))
    var ttl = AuthorityLimits.workloadLifetime

    @Option(
        help: ArgumentHelp(
            "Write cert-chain.pem and root-cert.pem here instead.", valueName: "folder"))
    var out: String?

    func run() throws {
        try certifying {
            let key = try readFile(csr) { bytes throws(PKIError) in
                try SigningRequest(pem: bytes).provenKey
            }
            let folder = out.map { IdentityFolder(path: $0) }
            try folder?.refuseOccupied(besideKey: true)
            let authority = try options.open()
            let issued = try authority.issue(
                LeafRequest(
                    try workload.subject(in: authority.trustDomain), key: key, lifetime: ttl))
            if let folder {
                try folder.create(issued, key: nil)
                Output.data("\(issued.certificate.serial)\n")
            } else {
                Output.data(issued.chainPEM)
            }
            issued.tell(path: out ?? "standard output")
            try authority.remindOfRotation()
        }
    }
}
