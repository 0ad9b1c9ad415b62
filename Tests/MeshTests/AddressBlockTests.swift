// Blocks of addresses, as people write them.
import Mesh
import Testing

@Suite("blocks of addresses")
struct AddressBlockTests {
    @Test(
        "a block has what its leading bits say, and no more",
        arguments: [
            ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.4", false),
            ("10.1.0.0/16", "10.1.255.255", true), ("10.1.0.0/16", "10.2.0.0", false),
            ("10.1.7.9/16", "10.1.0.1", true), ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false), ("::/0", "fd00::1", true), ("::/0", "10.0.0.1", false),
            ("fd00::/64", "fd00::ffff:1", true), ("fd00::/64", "fd00:0:0:1::", false),
            ("2001:db8::1", "2001:db8:0:0:0:0:0:1", true), ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1/32", "10.0.0.1", true), ("128.0.0.0/1", "127.255.255.255", false),
        ])
    func contains(_ block: String, _ address: String, _ isIn: Bool) throws {
        let block = try #require(AddressBlock(block))
        let address = try #require(AddressBlock(address))
        #expect(block.contains(address.high, address.low) == isIn)
    }

    @Test(
        "what is no address and no block is refused",
        arguments: [
            "", "/", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/129",
            "10.0.0.0/8/8", "example.com", "None", "010.0.0.1", "1.2.3.4/1000",
        ])
    func refused(_ text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test(
        "it is written as it was read",
        arguments: ["10.1.2.3", "10.1.0.0/16", "0.0.0.0/0", "240.240.1.2"])
    func text(_ text: String) {
        #expect(AddressBlock(text)?.description == text)
    }
}
