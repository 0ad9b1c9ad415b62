// What may be looked up for a request, and what only looks like a host.
// Spellings of addresses that resolvers read in their own ways are the point: none is a name here.
import Testing

@testable import Net

@Suite("hosts that requests name")
struct HostSyntaxTests {
    @Test(
        "names are lower case without the root's dot, literals without brackets",
        arguments: [
            ("WWW.Example.COM", "www.example.com"), ("example.com.", "example.com"), ("db", "db"),
            ("_sip._tcp.a-b.example", "_sip._tcp.a-b.example"), ("1e100.net", "1e100.net"),
            ("192.0.2.1", "192.0.2.1"), ("[2001:DB8:0::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"), ("[::ffff:127.0.0.1]", "::ffff:7f00:1"),
        ])
    func canonical(_ text: String, _ expected: String) {
        #expect(HostSyntax.canonical(Array(text.utf8)) == expected)
    }

    @Test(
        "nothing else is a host",
        arguments: [
            "", ".", "..", "a..b", ".a", "a b", "a/b", "a\u{0}b", "a%b", "é.com", "a:80", "[a]",
            "[127.0.0.1]", "[::1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
            "1.2.3.256", "a.1", "a.0x1f", "*.example.com", String(repeating: "a", count: 64),
            String(repeating: "a.", count: 127) + "a",
        ])
    func refused(_ text: String) {
        #expect(HostSyntax.canonical(Array(text.utf8)) == nil)
    }
}
