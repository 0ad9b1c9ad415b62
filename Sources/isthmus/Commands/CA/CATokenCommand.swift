// `isthmus ca token`: what a workload enrols with, the first time.
import ArgumentParser
import Authority
import PKI

struct CATokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Print a token with which one workload can enrol, once.",
        discussion: """
            The token is a secret until it is used. It says who may enrol, and until when; the
            authority's ledger knows those that were used.

            isthmus ca token -n default --service-account reviews > reviews.token
            isthmus sidecar --ca 127.0.0.1:15012 ...
            """)

    @OptionGroup var options: CAOptions

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("The workload's namespace.", valueName: "name"))
    var namespace = "default"

    @Option(help: ArgumentHelp("The workload's service account.", valueName: "name"))
    var serviceAccount: String

    @Option(
        help: ArgumentHelp(
            "How long it can be used, at most \(AuthorityLimits.tokenLifetimeMax).",
            valueName: "time"))
    var ttl = AuthorityLimits.tokenLifetime

    func run() throws {
        try certifying {
            let workload = try WorkloadName(
                namespace: namespace, serviceAccount: serviceAccount)
            let authority = try options.open()
            let (text, token) = try authority.token(
                for: workload.identity(in: authority.trustDomain), lifetime: ttl)
            Output.data(text + "\n")
            Output.talk("\(token.identity) can enrol with it once, until \(token.expiresAt)\n")
        }
    }
}
