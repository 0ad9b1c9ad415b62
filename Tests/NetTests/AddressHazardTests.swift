// Which addresses a name from outside must not lead to, in each spelling that reaches them.
// The neighbours of every block are asked as well: what is refused wrongly is an outage.
import Testing

@testable import Net

@Suite("Addresses that names must not lead to")
struct AddressHazardTests {
    private func hazard(_ text: String) throws -> AddressHazard? {
        try #require(SocketAddress(host: text, port: 80)).hazard
    }

    @Test(
        "each kind is told",
        arguments: [
            ("0.0.0.0", AddressHazard.unspecified), ("0.1.2.3", .unspecified), ("::", .unspecified),
            ("127.0.0.1", .loopback), ("127.255.255.254", .loopback), ("::1", .loopback),
            ("169.254.169.254", .linkLocal), ("169.254.0.1", .linkLocal), ("fe80::1", .linkLocal),
            ("febf:ffff::1", .linkLocal), ("fd00:ec2::254", .metadata), ("fd20:ce::254", .metadata),
            ("fd00:ec2::23", .metadata),
            ("100.100.100.200", .metadata), ("168.63.129.16", .metadata),
            ("192.0.0.192", .metadata), ("224.0.0.1", .multicast), ("239.255.255.255", .multicast),
            ("ff02::1", .multicast), ("240.240.0.1", .reserved), ("255.255.255.255", .reserved),
            ("unix:///run/x.sock", .path),
        ])
    func told(_ text: String, _ kind: AddressHazard) throws {
        #expect(try hazard(text) == kind)
    }

    @Test(
        "an IPv6 spelling of a refused IPv4 address is refused as well",
        arguments: [
            "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "2002:7f00:1::",
            "2002:7f00:1:1::1", "64:ff9b::127.0.0.1", "64:ff9b:1::127.0.0.1",
            "64:ff9b:1:7f00:0:100::", "64:ff9b:1:7f:0:1::", "64:ff9b:1:0:7f:0:100:0",
            "2001:0:7f00:1::1", "2001:0:808:808::80ff:fffe",
        ])
    func spellings(_ text: String) throws {
        #expect(try hazard(text) == .loopback)
        #expect(try hazard("::ffff:169.254.169.254") == .linkLocal)
        #expect(try hazard("64:ff9b::100.100.100.200") == .metadata)
    }

    @Test(
        "addresses beside them and private networks are nobody's hazard",
        arguments: [
            "1.0.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0",
            "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.199",
            "223.255.255.255", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::2:1:1",
            "fe7f::1", "fec0::1", "fd00:ec2::253", "fd12:3456::1", "2002:808:808::1",
            "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "64:ff9b:2::127.0.0.1", "::ffff:8.8.8.8",
            "2001:db8::127.0.0.1",
        ])
    func neighbours(_ text: String) throws {
        #expect(try hazard(text) == nil)
    }
}
