// `isthmus capture install`: puts the rules in place, or others in the place of those there.
import ArgumentParser
import Control
import Mesh

struct CaptureInstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Put the rules in place, instead of any there were.")

    @Option(
        help: ArgumentHelp(
            "Whose calls: a user, its number, or numbers 1000-1999; again for more.",
            valueName: "user"),
        transform: user)
    var uid: [String] = []

    @Option(
        help: ArgumentHelp(
            "Whose calls: a folder below /sys/fs/cgroup, system.slice/reviews.service.",
            valueName: "path"),
        transform: controlGroup)
    var cgroup: [String] = []

    @Option(
        help: ArgumentHelp(
            "A port of the workload: connections to it go to 15006 (sidecar --capture-inbound).",
            valueName: "port,..."),
        transform: ports)
    var inboundPort: [[UInt16]] = []

    @Option(
        help: ArgumentHelp("Calls to it are left alone.", valueName: "port,..."),
        transform: ports)
    var excludePort: [[UInt16]] = []

    @Option(
        help: ArgumentHelp("Calls to it are left alone: 10.0.0.0/8.", valueName: "address/bits"),
        transform: block)
    var excludeCidr: [String] = []

    @Option(
        help: ArgumentHelp(
            "The user the sidecar runs as, where a group holds both.", valueName: "user"),
        transform: user)
    var proxyUid: String?

    @Flag(help: "Print the rules and leave the machine as it is.")
    var dryRun = false

    func validate() throws {
        guard uid.isEmpty != cgroup.isEmpty else {
            throw ValidationError("say whose calls: --uid USER or --cgroup PATH, one of the two")
        }
        if let proxyUid, uid.contains(proxyUid) {
            throw ValidationError(
                "--uid \(proxyUid) is the sidecar's own: its calls would come back to it for ever")
        }
    }

    func run() throws {
        try complaining {
            var rules = RedirectRules(
                callers: uid.isEmpty ? .controlGroups(cgroup) : .users(uid))
            rules.workloadPorts = inboundPort.flatMap { $0 }
            rules.excludedPorts = excludePort.flatMap { $0 }
            rules.excludedBlocks = excludeCidr
            rules.proxyUser = proxyUid
            if dryRun {
                Output.data(rules.text)
                return
            }
            try RuleTable.apply(rules.text)
        }
    }

    /// Names are the system's (NAME_REGEX of useradd), and nothing nft could read as more.
    static func user(_ argument: String) throws -> String {
        let isName = argument.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || byte &- 0x41 < 26 || byte &- 0x61 < 26
                || [0x2d, 0x2e, 0x5f].contains(byte)
        }
        guard isName, let first = argument.utf8.first, first != 0x2d, argument.utf8.count <= 64
        else {
            throw ValidationError("\"\(argument)\" is no user; write a name, 1000 or 1000-1999")
        }
        return argument
    }

    static func controlGroup(_ argument: String) throws -> String {
        var path = argument[...]
        if path.hasPrefix("/sys/fs/cgroup/") { path = path.dropFirst("/sys/fs/cgroup/".count) }
        while path.hasPrefix("/") { path = path.dropFirst() }
        while path.hasSuffix("/") { path = path.dropLast() }
        let isPath = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }
        guard !path.isEmpty, isPath, !path.split(separator: "/").contains("..") else {
            throw ValidationError("\"\(argument)\" is no folder below /sys/fs/cgroup")
        }
        return String(path)
    }

    static func ports(_ argument: String) throws -> [UInt16] {
        try argument.split(separator: ",", omittingEmptySubsequences: false).map { text in
            guard let port = UInt16(text), port > 0, text.utf8.first != 0x2b else {
                throw ValidationError("\"\(text)\" is no port; write 1 to 65535")
            }
            return port
        }
    }

    static func block(_ argument: String) throws -> String {
        guard AddressBlock(argument) != nil else {
            throw ValidationError("\"\(argument)\" is no address and no block, 10.0.0.0/8")
        }
        return argument
    }
}
