// Host names and addresses as they may stand in a certificate.
import Testing

@testable import PKI

@Suite("names") struct NameTests {
    @Test(
        "host names are folded to one spelling",
        arguments: [
            ("Shop.Example.COM", "shop.example.com"), ("a.b.", "a.b"), ("localhost", "localhost"),
            ("*.Example.com", "*.example.com"), ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ])
    func hosts(_ text: String, _ expected: String) throws {
        #expect(try DNSName(text).name == expected)
    }

    @Test(
        "a name that could fool a verifier is refused",
        arguments: [
            "", ".", "a..b", "-a.b", "a-.b", "a b", "a,b", "good.com\0.evil.com", "münchen.de", "*",
            "*.com", "a.*.com", "f*.example.com", "a/b", "a_b.com",
            String(repeating: "a", count: 64) + ".com",
            Array(repeating: "abcdefg", count: 32).joined(separator: "."),
        ])
    func badHosts(_ text: String) {
        #expect(throws: PKIError.self) { try DNSName(text) }
    }

    @Test(
        "addresses of both kinds are read and written as RFC 5952 says",
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("::", "::"), ("::1", "::1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("::ffff:10.1.2.3", "::ffff:a01:203"), ("fe80:0:0:1::", "fe80:0:0:1::"),
            ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ])
    func addresses(_ text: String, _ expected: String) throws {
        #expect(IPAddress.text(try IPAddress.bytes(text)) == expected)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4/8", " 1.2.3.4", "+1.2.3.4",
            ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9",
            "fe80::1%eth0", "12345::", "::+1", "1.2.3.4::", "::1.2.3.4:5",
        ])
    func badAddresses(_ text: String) {
        #expect(throws: PKIError.self) { try IPAddress.bytes(text) }
    }
}
