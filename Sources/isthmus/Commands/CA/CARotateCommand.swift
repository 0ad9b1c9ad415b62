// `isthmus ca rotate`: a new signing certificate, or a new root, while everybody goes on working.
import ArgumentParser
import Authority
import PKI

struct CARotateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Replace the signing certificate, or with --root the root as well; nothing "
            + "restarts.",
        discussion: """
            Certificates that are out stay valid. A new root is trusted beside the old one until
            --finish, which waits for the last certificate under the old root to end.

            isthmus ca rotate                 a new intermediate
            isthmus ca rotate --root          a new root, both trusted
            isthmus ca rotate --finish        the old root is gone
            """)

    @OptionGroup var options: CAOptions

    @Flag(help: "A new root too.")
    var root = false

    @Flag(help: "End the time in which both roots are trusted.")
    var finish = false

    @Flag(help: "With --finish: also while certificates under the old root are in use.")
    var force = false

    @Option(help: "The kind of the new keys. (default: as before)")
    var key: KeyAlgorithm?

    @Option(
        help: ArgumentHelp(
            "The present root's private key, where it is not in the folder.", valueName: "file"))
    var rootKey: String?

    @Option(help: ArgumentHelp("How long a new root is valid.", valueName: "time"))
    var rootTtl = AuthorityLimits.rootLifetime

    @Option(help: ArgumentHelp("How long the new intermediate is valid.", valueName: "time"))
    var issuerTtl = AuthorityLimits.intermediateLifetime

    func validate() throws {
        guard !(root && finish) else {
            throw ValidationError("--root begins and --finish ends; give one of them")
        }
        guard finish || !force else { throw ValidationError("--force goes with --finish") }
    }

    func run() throws {
        try certifying {
            let authority = try options.open()
            let rotation = try rotation(of: authority)
            Output.talk(
                "Certificates are signed by \(rotation.issuer.subject), until "
                    + "\(rotation.issuer.notAfter).\n")
            for root in rotation.roots {
                Output.talk("  trusted  \(root.subject), until \(root.notAfter)\n")
            }
            if root {
                Output.talk(
                    "Hand out the new bundle (`isthmus ca bundle`), let certificates be renewed, "
                        + "then run `isthmus ca rotate --finish`.\n")
            }
        }
    }

    private func rotation(of authority: Authority) throws -> Rotation {
        if finish { return try authority.finishRootRotation(isForced: force) }
        let passphrase = try options.passphrase()
        let given = try rootKey.map { path in
            try readFile(path) { bytes throws(PKIError) in
                try PrivateKey(pem: bytes, passphrase: passphrase)
            }
        }
        if root {
            return try authority.rotateRoot(
                algorithm: key, rootKey: given, rootLifetime: rootTtl, lifetime: issuerTtl)
        }
        return try authority.rotateIssuer(
            algorithm: key, rootKey: given, lifetime: issuerTtl)
    }
}
