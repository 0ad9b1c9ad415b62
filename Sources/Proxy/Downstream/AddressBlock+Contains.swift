// Socket addresses as the snapshot's blocks of addresses see them.
// Both families in one space of 128 bits, so that a look-up compares words and asks for no family.
import Mesh
import Net

extension AddressBlock {
    /// Of an IP address; no unix socket is in any block.
    func contains(_ address: SocketAddress) -> Bool {
        guard let (high, low) = address.bits else { return false }
        return contains(high, low)
    }
}

extension SocketAddress {
    /// As an IPv6 address, IPv4 in its place there (RFC 4291 section 2.5.5.2); nil for a unix
    /// socket.
    var bits: (high: UInt64, low: UInt64)? {
        switch self {
        case .v4(let bits, _): (0, AddressBlock.v4(bits).low)
        case .v6(let front, let back, _): (front, back)
        case .unix: nil
        }
    }
}
