// Which address of a name the next connection goes to: each in turn, but where nobody answered.
// RFC 8305 lets a client prefer what has worked: an address, or all of IPv6, that is out of order
// costs one connection now and then and not every second one.
import Net

struct AddressRotation {
    let addresses: [SocketAddress]
    private var turn: Int
    /// Addresses that failed, with the time until which they are passed over.
    private var avoided: [SocketAddress: UInt64] = [:]
    /// How long an address that failed is passed over, while another is there.
    static let avoidMs: UInt64 = 30_000

    /// - Parameter before: what was known of the addresses until now.
    init(_ addresses: [SocketAddress], startingAt turn: Int, after before: AddressRotation? = nil) {
        self.addresses = Self.interleaved(addresses)
        self.turn = turn
        avoided = before?.avoided.filter { addresses.contains($0.key) } ?? [:]
    }

    /// RFC 8305 section 4: the families take turns, so that after a failure comes the other one.
    private static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
        let v6 = addresses.filter(\.isIPv6)
        let v4 = addresses.filter { !$0.isIPv6 }
        var mixed: [SocketAddress] = []
        for index in 0..<max(v4.count, v6.count) {
            if index < v6.count { mixed.append(v6[index]) }
            if index < v4.count { mixed.append(v4[index]) }
        }
        return mixed
    }

    /// The next one that has not failed lately; where all have, the next. nil where there is none.
    mutating func next(nowMs: UInt64) -> SocketAddress? {
        guard !addresses.isEmpty else { return nil }
        for step in 1...addresses.count {
            let place = (turn + step) % addresses.count
            if let until = avoided[addresses[place]] {
                if until > nowMs { continue }
                avoided[addresses[place]] = nil
            }
            turn = place
            return addresses[place]
        }
        turn = (turn + 1) % addresses.count
        return addresses[turn]
    }

    /// A connection there did not come about.
    mutating func avoid(_ address: SocketAddress, nowMs: UInt64) {
        if addresses.contains(address) { avoided[address] = nowMs + Self.avoidMs }
    }
}
