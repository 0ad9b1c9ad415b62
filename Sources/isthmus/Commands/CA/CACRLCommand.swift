// `isthmus ca crl`: fresh revocation lists, before the old ones run out.
import ArgumentParser
import Authority
import PKI

struct CACRLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crl",
        abstract: "Make fresh revocation lists in ca-crl.pem, and print them.",
        discussion: """
            A list is good for \(AuthorityLimits.listLifetime); whoever checks it refuses everybody
            after that. Run this every week where lists are checked.
            """)

    @OptionGroup var options: CAOptions

    func run() throws {
        try certifying {
            let lists = try options.open().refreshLists()
            Output.data(lists)
            for list in try RevocationList.parse(pem: lists) {
                let count = list.entries.count
                Output.talk(
                    "\(list.issuer): \(count) revoked, until \(list.nextUpdate)\n")
            }
        }
    }
}
