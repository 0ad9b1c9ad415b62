// Where the bytes of a connection go: shares among clusters, and other shares for connections that
// were meant for certain addresses.
// Without `destinationSubnets` a route is its shares, and a connection compares nothing.

/// Where the bytes of a TCP listener go.
public final class TCPRoute: Sendable {
    /// Empty: connections for which no narrower route is are closed at once.
    public let destinations: [WeightedDestination]
    public let totalWeight: UInt32
    /// For connections meant for some addresses, in the order of the rules.
    public let narrower: [SubnetRoute]
    public let origin: Origin

    public init(
        destinations: [WeightedDestination], narrower: [SubnetRoute] = [], origin: Origin
    ) {
        self.destinations = destinations
        self.totalWeight = destinations.reduce(0) { $0 + $1.weight }
        self.narrower = narrower
        self.origin = origin
    }

    /// The route for a connection to an address, as `AddressBlock` has its bits: the smallest block
    /// decides (Envoy's `prefix_ranges`), of equal ones the first.
    public func route(to high: UInt64, _ low: UInt64) -> TCPRoute {
        var best: (route: TCPRoute, length: Int)?
        for part in narrower {
            guard let length = AddressBlock.narrowest(part.blocks, around: high, low) else {
                continue
            }
            if length > best?.length ?? -1 { best = (part.route, length) }
        }
        return best?.route ?? self
    }

    /// The same with narrower routes beside it.
    func narrowed(by narrower: [SubnetRoute]) -> TCPRoute {
        narrower.isEmpty
            ? self : TCPRoute(destinations: destinations, narrower: narrower, origin: origin)
    }
}

/// A route for connections meant for some addresses (`destinationSubnets` of a `tcp` match).
public struct SubnetRoute: Sendable {
    public let blocks: [AddressBlock]
    public let route: TCPRoute

    public init(blocks: [AddressBlock], route: TCPRoute) {
        self.blocks = blocks
        self.route = route
    }
}

extension AddressBlock {
    /// The length of the smallest of the blocks that holds an address; nil where none does.
    public static func narrowest(
        _ blocks: [AddressBlock], around high: UInt64, _ low: UInt64
    ) -> Int? {
        var best: Int?
        for block in blocks where block.contains(high, low) {
            best = max(best ?? 0, block.length)
        }
        return best
    }
}
