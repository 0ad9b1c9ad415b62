// The text that nft is given: whose calls, where to, and what is left alone.
import Testing

@testable import Control

@Suite("rules of redirection")
struct RedirectRulesTests {
    private func lines(_ rules: RedirectRules) -> [String] {
        rules.text.split(separator: "\n").map { String($0.drop { $0 == " " }) }
    }

    @Test("installing takes away what was there, in the same transaction")
    func replaces() {
        let lines = lines(RedirectRules(callers: .users(["1000"])))
        #expect(
            Array(lines.prefix(3)) == [
                "table inet isthmus", "delete table inet isthmus", "table inet isthmus {",
            ])
        #expect(RedirectRules.removalText == "table inet isthmus\ndelete table inet isthmus\n")
    }

    @Test("calls of users go to the proxy, those to loopback and to exclusions do not")
    func users() throws {
        var rules = RedirectRules(callers: .users(["1000", "reviews"]))
        rules.excludedPorts = [22, 5432]
        rules.excludedBlocks = ["10.0.0.0/8", "fd00::/8"]
        let lines = lines(rules)
        let redirect = try #require(
            lines.firstIndex(
                of: "meta skuid { 1000, reviews } meta l4proto tcp counter redirect to :15001"))
        for left in [
            "ip daddr 127.0.0.0/8 return", "ip6 daddr ::1 return",
            "tcp dport { 22, 5432 } return", "ip daddr 10.0.0.0/8 return",
            "ip6 daddr fd00::/8 return",
        ] {
            #expect(try #require(lines.firstIndex(of: left)) < redirect)
        }
        #expect(!rules.text.contains("prerouting"))
        #expect(!rules.text.contains("reject"))
    }

    @Test("a control group is told by its path and how deep that is; the proxy's own is let out")
    func groups() throws {
        var rules = RedirectRules(callers: .controlGroups(["system.slice/reviews.service"]))
        rules.proxyUser = "isthmus"
        let lines = lines(rules)
        let redirect = try #require(
            lines.firstIndex(
                of: "socket cgroupv2 level 2 \"system.slice/reviews.service\" "
                    + "meta l4proto tcp counter redirect to :15001"))
        #expect(try #require(lines.firstIndex(of: "meta skuid isthmus return")) < redirect)
    }

    @Test("connections to the workload's ports go to the other port of the proxy")
    func inbound() {
        var rules = RedirectRules(callers: .users(["1000"]))
        rules.workloadPorts = [9080]
        #expect(lines(rules).contains("tcp dport 9080 counter redirect to :15006"))
    }

    @Test("in a namespace everything is taken: names first, and what is neither is refused")
    func namespace() throws {
        var rules = RedirectRules(callers: .everybody)
        rules.namesPort = 15053
        let lines = lines(rules)
        let names = try #require(
            lines.firstIndex(
                of: "meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 counter redirect to "
                    + ":15053"))
        #expect(names < (try #require(lines.firstIndex(of: "ip daddr 127.0.0.0/8 return"))))
        #expect(lines.contains("meta l4proto tcp counter redirect to :15001"))
        #expect(lines.contains("meta l4proto != { tcp, ipv6-icmp } counter reject"))
    }
}
