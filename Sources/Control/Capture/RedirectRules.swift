// The nftables rules that bring a workload's connections to its sidecar, as text for `nft -f -`.
// One table, replaced in one transaction: installing twice is installing once, and removing leaves
// nothing behind.

/// What is redirected, and where to.
public struct RedirectRules: Sendable, Equatable {
    /// Whose calls are meant.
    public enum Callers: Sendable, Equatable {
        /// Everybody's: a network namespace with nobody else in it.
        case everybody
        /// User ids, `1000` or `1000-1999`.
        case users([String])
        /// Folders below /sys/fs/cgroup, of version 2.
        case controlGroups([String])
    }

    public var callers: Callers
    public var outboundPort: UInt16 = 15001
    public var inboundPort: UInt16 = 15006
    /// Ports of the workload; connections to them from outside are redirected.
    public var workloadPorts: [UInt16] = []
    /// Calls to these ports are left alone.
    public var excludedPorts: [UInt16] = []
    /// Calls to these blocks are left alone.
    public var excludedBlocks: [String] = []
    /// The proxy's own, where it could be taken for a caller.
    public var proxyUser: String?
    /// Where questions for names go; nil leaves them alone.
    public var namesPort: UInt16?

    public init(callers: Callers) { self.callers = callers }

    public static let table = "inet isthmus"

    /// Istio's iptables rules in short: own traffic out, exclusions out, the rest to the proxy.
    public var text: String {
        var lines = ["table \(Self.table) {"]
        lines += chain("outbound", "type nat hook output priority -100", outbound)
        if !workloadPorts.isEmpty {
            lines += chain(
                "inbound", "type nat hook prerouting priority -100",
                [
                    "tcp dport \(Self.set(workloadPorts.map { "\($0)" })) counter redirect to "
                        + ":\(inboundPort)"
                ])
        }
        if callers == .everybody {
            // What is neither TCP nor a question for a name would find this machine everywhere.
            lines += chain(
                "rest", "type filter hook output priority 0",
                [
                    "ip daddr 127.0.0.0/8 accept", "ip6 daddr ::1 accept",
                    "meta l4proto != { tcp, ipv6-icmp } counter reject",
                ])
        }
        return (Self.removal + lines + ["}"]).joined(separator: "\n") + "\n"
    }

    /// Takes the table away, whether it is there or not.
    public static var removalText: String { removal.joined(separator: "\n") + "\n" }

    private static let removal = ["table \(table)", "delete table \(table)"]

    private var outbound: [String] {
        var rules: [String] = []
        if let proxyUser { rules.append("meta skuid \(proxyUser) return") }
        if let namesPort {
            // Also those to a resolver on loopback, such as systemd's.
            rules.append(
                "meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 counter redirect to "
                    + ":\(namesPort)")
        }
        rules += ["ip daddr 127.0.0.0/8 return", "ip6 daddr ::1 return"]
        if !excludedPorts.isEmpty {
            rules.append("tcp dport \(Self.set(excludedPorts.map { "\($0)" })) return")
        }
        let v6 = excludedBlocks.filter { $0.utf8.contains(UInt8(ascii: ":")) }
        let v4 = excludedBlocks.filter { !$0.utf8.contains(UInt8(ascii: ":")) }
        if !v4.isEmpty { rules.append("ip daddr \(Self.set(v4)) return") }
        if !v6.isEmpty { rules.append("ip6 daddr \(Self.set(v6)) return") }
        let redirect = "meta l4proto tcp counter redirect to :\(outboundPort)"
        switch callers {
        case .everybody: rules.append(redirect)
        case .users(let users): rules.append("meta skuid \(Self.set(users)) \(redirect)")
        case .controlGroups(let paths):
            for path in paths {
                let level = path.split(separator: "/").count
                rules.append("socket cgroupv2 level \(level) \"\(path)\" \(redirect)")
            }
        }
        return rules
    }

    private func chain(_ name: String, _ hook: String, _ rules: [String]) -> [String] {
        ["  chain \(name) {", "    \(hook); policy accept;"] + rules.map { "    \($0)" } + ["  }"]
    }

    private static func set(_ items: [String]) -> String {
        items.count == 1 ? items[0] : "{ \(items.joined(separator: ", ")) }"
    }
}
