// Which virtual host an authority finds.
import Mesh
import Testing

@Suite struct HostTableTests {
    private static func find(_ authority: String, among domains: [String]) -> String? {
        let hosts = domains.map { VirtualHost(name: $0, domains: [$0], routes: []) }
        let table = RouteTable(name: "t", virtualHosts: hosts)
        return table.find(authority)
    }

    @Test(
        "an exact host is found whatever its port, its case or both",
        arguments: [
            "a.example.com", "A.Example.COM", "a.example.com:80", "a.example.com:12345",
            "A.EXAMPLE.com:1",
        ])
    func exact(_ authority: String) {
        #expect(Self.find(authority, among: ["b.example.com", "a.example.com"]) == "a.example.com")
    }

    @Test("an exact host beats every wildcard, the longest wildcard beats the others")
    func specificity() {
        let domains = ["*", "*.com", "*.example.com", "a.example.com", "*.b.example.com"]
        #expect(Self.find("a.example.com", among: domains) == "a.example.com")
        #expect(Self.find("x.b.example.com", among: domains) == "*.b.example.com")
        #expect(Self.find("x.y.b.example.com:80", among: domains) == "*.b.example.com")
        #expect(Self.find("b.example.com", among: domains) == "*.example.com")
        #expect(Self.find("example.com", among: domains) == "*.com")
        #expect(Self.find("example.org", among: domains) == "*")
    }

    @Test("a wildcard does not take its own suffix, nor the empty name in front of it")
    func wildcardNeedsSomething() {
        #expect(Self.find("foo.com", among: ["*.foo.com"]) == nil)
        #expect(Self.find(".foo.com", among: ["*.foo.com"]) == nil)
        #expect(Self.find("a.foo.com", among: ["*.foo.com"]) == "*.foo.com")
    }

    @Test("a wildcard without a dot is a plain suffix")
    func dotlessWildcard() {
        #expect(Self.find("barfoo.com", among: ["*foo.com"]) == "*foo.com")
        #expect(Self.find("foo.com", among: ["*foo.com"]) == nil)
    }

    @Test("an IPv6 literal keeps its colons and loses its port")
    func ipv6() {
        #expect(Self.find("[::1]:8080", among: ["[::1]"]) == "[::1]")
        #expect(Self.find("[::1]", among: ["[::1]"]) == "[::1]")
        #expect(Self.find("[::2]", among: ["[::1]"]) == nil)
    }

    @Test("what follows a colon is a port only if it is digits")
    func notAPort() {
        #expect(Self.find("a.com:http", among: ["a.com"]) == nil)
        #expect(Self.find("a.com:", among: ["a.com"]) == "a.com")
    }

    @Test("a trailing dot is part of the name, as on Istio's gateways")
    func trailingDot() {
        #expect(Self.find("a.com.", among: ["a.com"]) == nil)
        #expect(Self.find("a.com.", among: ["a.com", "*"]) == "*")
    }

    @Test("an empty authority finds `*` alone")
    func empty() {
        #expect(Self.find("", among: ["a.com", "*.com", "*"]) == "*")
        #expect(Self.find("", among: ["a.com", "*.com"]) == nil)
    }

    @Test("a table without hosts finds nothing")
    func nothing() {
        #expect(Self.find("a.com", among: []) == nil)
    }

    @Test("ten thousand hosts are all found, and none that is not there")
    func many() {
        let hosts = (0..<10_000).map { number in
            VirtualHost(name: "\(number)", domains: ["host-\(number).example.com"], routes: [])
        }
        let table = RouteTable(name: "t", virtualHosts: hosts)
        for number in 0..<10_000 {
            #expect(table.find("host-\(number).example.com:8080") == "\(number)")
            #expect(table.find("host-\(number).example.org") == nil)
        }
    }

    @Test("of two virtual hosts with one domain the first answers")
    func duplicates() {
        let table = RouteTable(
            name: "t",
            virtualHosts: [
                VirtualHost(name: "first", domains: ["a.com"], routes: []),
                VirtualHost(name: "second", domains: ["a.com"], routes: []),
            ])
        #expect(table.find("a.com") == "first")
    }
}
