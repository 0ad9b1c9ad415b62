// `isthmus ca verify`: would a peer in this mesh accept it?
import ArgumentParser
import Authority
import PKI

struct CAVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check certificate chains as a peer would: signatures, time, constraints, "
            + "revocation.",
        discussion: "Ends with 0, or with 65 and the reason.")

    @OptionGroup var options: CAOptions

    @Argument(
        help: ArgumentHelp("Files with the leaf first, - for standard input.", valueName: "file"))
    var files: [String]

    @Option(help: ArgumentHelp("It must be this workload's.", valueName: "spiffe id"))
    var identity: String?

    @Option(help: ArgumentHelp("It must be good for this host.", valueName: "host"))
    var host: String?

    func validate() throws {
        guard identity == nil || host == nil else {
            throw ValidationError("--identity or --host, not both")
        }
    }

    func run() throws {
        try certifying {
            let authority = try options.open()
            let expectation = try expectation()
            for path in files {
                let chain = try readFile(path) { bytes throws(PKIError) in
                    try Certificate.parse(pem: bytes)
                }
                let verified = try authority.verify(
                    chain, expecting: expectation, path: path)
                Output.data("\(path): OK\n")
                for certificate in verified {
                    Output.data(
                        "  \(certificate.label), "
                            + "\(CertificateText.remaining(certificate, at: .now))\n")
                }
            }
        }
    }

    private func expectation() throws -> PeerExpectation {
        if let identity { return .workload([try SPIFFEID(identity)]) }
        guard let host else { return .anybody }
        return switch try HostOrAddress(host) {
        case .host(let name): .host(name.name)
        case .address(let bytes): .address(bytes)
        }
    }
}
