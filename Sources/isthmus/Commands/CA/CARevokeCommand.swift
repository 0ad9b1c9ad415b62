// `isthmus ca revoke`: this certificate is not to be trusted any more.
import ArgumentParser
import Authority
import Control
import PKI

struct CARevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a certificate, for good, and put it on the list in ca-crl.pem.",
        discussion: """
            Prints the serial number. Peers refuse the certificate once they have the new list.
            """)

    @OptionGroup var options: CAOptions

    @Argument(
        help: ArgumentHelp(
            "A serial number, a certificate's file, or a folder that `ca issue` wrote.",
            valueName: "serial or file"))
    var target: String

    @Option(help: ArgumentHelp("Why.", valueName: "reason"))
    var reason = RevocationReason.unspecified

    func run() throws {
        try certifying {
            let authority = try options.open()
            let entry = try authority.revoke(try parsedTarget(), reason: reason)
            Output.data("\(entry.serial)\n")
            Output.talk(
                "\(entry.name) is revoked (\(reason.title)); the new list is in "
                    + "\(options.folder)/ca-crl.pem\n")
        }
    }

    /// A name of hexadecimal digits alone is a serial number; a file of that name is `./NAME`.
    private func parsedTarget() throws -> Authority.RevocationTarget {
        if let serial = SerialNumber(target), target.utf8.count >= 8 { return .serial(serial) }
        let folder = IdentityFolder(path: target)
        if let chain = try? folder.chain() {
            return .certificate(chain[0], path: target)
        }
        let certificates = try readFile(target) { bytes throws(PKIError) in
            try Certificate.parse(pem: bytes)
        }
        return .certificate(certificates[0], path: target)
    }
}
