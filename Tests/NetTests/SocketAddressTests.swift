// Addresses in and out of text: RFC 5952's own table, and what is no address.
import Net
import Testing

@Suite("socket addresses")
struct SocketAddressTests {
    @Test(
        "IPv6 is written as RFC 5952 asks",
        arguments: [
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8::0001", "2001:db8::1"),
            ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"), ("2001:db8::0:1", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:DB8::AAAA", "2001:db8::aaaa"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("0:0:1:0:0:0:0:0", "0:0:1::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("1:0:0:0:0:0:0:8", "1::8"), ("0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"), ("fe80::ff:fe00:0", "fe80::ff:fe00:0"),
        ])
    func v6(text: String, wanted: String) throws {
        let address = try #require(SocketAddress(host: text, port: 80))
        #expect(address.host == wanted)
        #expect(address.description == "[\(wanted)]:80")
        #expect(SocketAddress(host: "[\(text)]", port: 80) == address)
        #expect(SocketAddress(text: "[\(wanted)]:80") == address)
    }

    @Test(
        "IPv4 is four numbers", arguments: ["0.0.0.0", "127.0.0.1", "255.255.255.255", "1.20.3.4"])
    func v4(text: String) throws {
        let address = try #require(SocketAddress(host: text, port: 65535))
        #expect(address.host == text && address.description == "\(text):65535")
        #expect(SocketAddress(text: "\(text):65535") == address)
        #expect(address.with(port: 1).port == 1)
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", ":::",
            "[::1",
            "1:2:3:4:5:6:7", "::g", "unix://", "1.2.3.4\0x", "::1\0", "[1.2.3.4]",
            "unix://" + String(repeating: "x", count: 108),
        ])
    func noHost(text: String) {
        #expect(SocketAddress(host: text, port: 1) == nil)
    }

    @Test(
        "an address to listen on: host and port, a port alone, or none of it",
        arguments: [
            ("8080", "0.0.0.0:8080"), (":8080", "0.0.0.0:8080"), ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::]:15021", "[::]:15021"), ("::1", nil), ("::1:80", nil), ("1.2.3.4", nil),
            ("1.2.3.4:", nil), ("1.2.3.4:65536", nil), ("1.2.3.4:-1", nil), ("1.2.3.4:+80", nil),
            ("+80", nil), ("name:80", nil), ("", nil), (":", nil), ("[::1]", nil),
        ] as [(String, String?)])
    func listening(text: String, wanted: String?) {
        #expect(SocketAddress(text: text)?.description == wanted)
    }

    @Test("unix sockets are paths and abstract names")
    func unix() throws {
        let path = try #require(SocketAddress(host: "unix:///run/x.sock", port: 0))
        #expect(path.description == "unix:///run/x.sock" && path.host == "/run/x.sock")
        #expect(path.port == 0 && path.isLoopback)
        #expect(SocketAddress(host: "unix://@name", port: 0)?.description == "unix://@name")
    }

    @Test(
        "loopback is this machine",
        arguments: [
            ("127.0.0.1", true), ("127.255.0.9", true), ("128.0.0.1", false), ("0.0.0.0", false),
            ("::1", true), ("::", false), ("::2", false), ("::ffff:127.0.0.1", true),
            ("::ffff:10.0.0.1", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(SocketAddress(host: text, port: 1)).isLoopback == isLoopback)
    }
}
