// Which of its addresses an endpoint is called at: those where nobody answered are passed over.
// RFC 8305 lets a client prefer what has worked: an address, or all of IPv6, that is out of order
// costs one connection now and then and not every second one.
import Net

struct AddressRotation {
    let addresses: [SocketAddress]
    private var turn: Int
    /// The first one wherever it answers; otherwise they take turns.
    private let prefersFirst: Bool
    /// Addresses that failed, with the time until which they are passed over.
    private var avoided: [SocketAddress: UInt64] = [:]
    /// How long an address that failed is passed over, while another is there.
    static let avoidMs: UInt64 = 30_000

    /// Addresses that take turns.
    init(_ addresses: [SocketAddress], startingAt turn: Int) {
        self.addresses = Self.interleaved(addresses)
        self.turn = turn
        prefersFirst = false
    }

    /// `own`, and where that does not answer the same name's addresses of the other family; nil
    /// where it has none.
    /// - Parameter all: of the name, `own` among them.
    init?(own: SocketAddress, among all: [SocketAddress]) {
        let others = all.filter { $0.isIPv6 != own.isIPv6 }
        guard !others.isEmpty else { return nil }
        // Addresses that are out of order together do not all fall back on the same other one.
        let place = all.filter { $0.isIPv6 == own.isIPv6 }.firstIndex(of: own) ?? 0
        let start = place % others.count
        addresses = [own] + others[start...] + others[..<start]
        turn = 0
        prefersFirst = true
    }

    /// A new answer with the same address does not make it work.
    mutating func learn(from before: AddressRotation) {
        avoided = before.avoided.filter { addresses.contains($0.key) }
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
        let first = prefersFirst ? 0 : turn + 1
        for step in 0..<addresses.count {
            let place = (first + step) % addresses.count
            if isAvoided(addresses[place], nowMs) { continue }
            turn = place
            return addresses[place]
        }
        turn = first % addresses.count
        return addresses[turn]
    }

    /// The one to dial when those of `tried` do not answer: of the others the next that has not
    /// failed lately, else the next. nil where all have been tried.
    func another(
        than tried: ContiguousArray<SocketAddress>, nowMs: UInt64
    ) -> SocketAddress? {
        let first = tried.last.flatMap(addresses.firstIndex).map { $0 + 1 } ?? 0
        let left = addresses.indices.lazy.map { addresses[($0 + first) % addresses.count] }
            .filter { !tried.contains($0) }
        return left.first { (avoided[$0] ?? 0) <= nowMs } ?? left.first
    }

    private mutating func isAvoided(_ address: SocketAddress, _ nowMs: UInt64) -> Bool {
        guard let until = avoided[address] else { return false }
        if until > nowMs { return true }
        avoided[address] = nil
        return false
    }

    /// A connection there did not come about.
    mutating func avoid(_ address: SocketAddress, nowMs: UInt64) {
        if addresses.contains(address) { avoided[address] = nowMs + Self.avoidMs }
    }
}
