// `isthmus ca`: the small certificate authority and its commands, in the order of their use.
import ArgumentParser

struct CACommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca",
        abstract: "Run a small certificate authority: identities for workloads, certificates for "
            + "gateways.",
        discussion: """
            isthmus ca init
            isthmus ca issue --namespace default --service-account reviews --out reviews/
            isthmus ca issue --gateway shop.example.com --out gateway/
            isthmus ca list

            ISTHMUS_CA_DIR and ISTHMUS_CA_PASSPHRASE_FILE stand for --dir and --passphrase-file.
            docs/certificates.md explains all of it from the beginning.
            """,
        subcommands: [
            CAInitCommand.self, CAIssueCommand.self, CASignCommand.self, CARenewCommand.self,
            CARevokeCommand.self, CACRLCommand.self, CAListCommand.self, CAShowCommand.self,
            CAVerifyCommand.self, CABundleCommand.self, CARotateCommand.self, CAServeCommand.self,
            CATokenCommand.self,
        ])
}
