// `isthmus ca bundle`: what everybody in the mesh must trust.
import ArgumentParser
import Authority
import PKI

struct CABundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Print the root certificates that the mesh trusts: one, or two while a root is "
            + "being replaced.")

    @OptionGroup var options: CAOptions

    func run() throws {
        try certifying {
            let roots = try options.open().bundle()
            Output.data(roots.flatMap(\.pem))
            for root in roots {
                Output.talk("\(root.subject), \(CertificateText.remaining(root, at: .now))\n")
            }
        }
    }
}
