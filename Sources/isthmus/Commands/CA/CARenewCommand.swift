// `isthmus ca renew`: the same names again, with a new key and a new serial number.
import ArgumentParser
import Authority
import Control
import PKI

struct CARenewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Renew the identity in a folder, in place: new key, new certificate, new roots.",
        discussion: """
            Prints the serial number. An expired certificate can be renewed, a revoked one cannot.
            Each file is replaced whole, the chain last.
            """)

    @OptionGroup var options: CAOptions

    @Argument(
        help: ArgumentHelp(
            "Folders that `ca issue` wrote, or the cert-chain.pem in them.", valueName: "folder"))
    var folders: [String]

    @Option(
        help: ArgumentHelp(
            "How long it is valid. (default: as long as before)", valueName: "time"))
    var ttl: Lifetime?

    @Option(help: "The kind of the new key. (default: as before)")
    var key: KeyAlgorithm?

    func run() throws {
        try certifying {
            let authority = try options.open()
            for path in folders { try renew(path, by: authority) }
            try authority.remindOfRotation()
        }
    }

    private func renew(_ path: String, by authority: Authority) throws {
        var path = path
        if path.hasSuffix("/" + IdentityFolder.chainName) {
            path = String(path.dropLast(IdentityFolder.chainName.utf8.count + 1))
        } else if path == IdentityFolder.chainName {
            path = "."
        }
        let folder = IdentityFolder(path: path)
        let old = try folder.chain()[0]
        guard folder.hasKey else {
            throw Complaint(
                .badData,
                "\(path): there is no \(IdentityFolder.keyName) in it, so its key is elsewhere; "
                    + "sign a new request of its owner with `isthmus ca sign`")
        }
        let key = try PrivateKey.generate(
            self.key ?? (try old.publicKey.kind.algorithm) ?? .p256)
        let issued = try authority.issue(
            try authority.renewal(
                of: old, key: try key.publicKey, lifetime: ttl,
                path: "\(path)/\(IdentityFolder.chainName)"))
        try folder.replace(issued, key: key)
        Output.data("\(issued.certificate.serial)\n")
        issued.tell(path: path)
    }
}
