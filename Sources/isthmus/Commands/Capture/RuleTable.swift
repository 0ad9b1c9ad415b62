// The kernel's table of redirections, by the program nft.
// Its messages are for people who write rules; what users meet is a missing program or right.
import Control
import Net

enum RuleTable {
    private static let programs = ["nft", "/usr/sbin/nft", "/sbin/nft"]

    static func apply(_ text: String) throws {
        let result = try nft(["-f", "-"], input: text)
        guard result.isSuccess else { throw complaint(result) }
    }

    /// nil where nothing is redirected.
    static func current() throws -> String? {
        let result = try nft(
            ["list", "table"] + RedirectRules.table.split(separator: " ").map(String.init))
        if result.isSuccess { return result.output }
        if result.errors.contains("No such file or directory") { return nil }
        throw complaint(result)
    }

    private static func nft(_ arguments: [String], input: String = "") throws -> Program.Result {
        do {
            return try Program.run(programs, arguments, input: input)
        } catch {
            throw Complaint(
                .failure, "nft is not to be had (\(error.reason)): install the package nftables")
        }
    }

    private static func complaint(_ result: Program.Result) -> Complaint {
        if result.errors.contains("Operation not permitted") {
            return Complaint(
                .notPermitted,
                "the kernel's rules take CAP_NET_ADMIN: run with sudo, or give it to the service")
        }
        return Complaint(.failure, "nft: \(reason(result.errors))")
    }

    /// nft says place and reason, then the rule on a line of its own: the place is in a text that
    /// nobody sees, the rule shows which user, port or block was meant.
    private static func reason(_ errors: String) -> String {
        let lines = errors.split(separator: "\n")
        guard let first = lines.first else { return "it failed and does not say why" }
        let mark = "Error: "
        let reason = first.firstRange(of: mark).map { first[$0.upperBound...] } ?? first
        let rule = lines.dropFirst().first.map { $0.drop { $0 == " " || $0 == "\t" } } ?? ""
        return rule.isEmpty ? String(reason) : "\(reason), in the rule \"\(rule)\""
    }
}
