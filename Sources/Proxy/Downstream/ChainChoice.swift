// Which filter chain serves a connection, by where it was meant to go and what its ClientHello asks
// for.
// As Envoy chooses: the address first, the smallest block that holds it; then the server name, the
// most specific one that fits; then the protocols the client offers. A chain passed over by name is
// never come back to by protocol. Unlike Envoy's, a chain for an address whose name does not fit
// stands in nobody's way.
import Mesh
import Net
import TLS

extension [FilterChain] {
    /// Whether `choice` wants to know the address.
    var lookAtDestinations: Bool { contains { !$0.destinations.isEmpty } }

    /// nil where no chain is for such a client.
    /// - Parameter destination: where the connection was meant to go; nil fits no block.
    func choice(for hello: ClientHello, to destination: SocketAddress? = nil) -> FilterChain? {
        var fitting: [FilterChain] = []
        var best = (block: -1, name: -1)
        for chain in self {
            guard let block = chain.fit(destination), let name = chain.fit(hello.serverName),
                (block, name) >= best
            else { continue }
            if (block, name) > best { fitting.removeAll(keepingCapacity: true) }
            best = (block, name)
            fitting.append(chain)
        }
        for offered in hello.applicationProtocols {
            if let chain = fitting.first(where: { $0.applicationProtocols.contains(offered) }) {
                return chain
            }
        }
        return fitting.first { $0.applicationProtocols.isEmpty }
    }
}

extension FilterChain {
    /// How small the block is that holds the address: the larger the better, nil where none does.
    fileprivate func fit(_ destination: SocketAddress?) -> Int? {
        if destinations.isEmpty { return -1 }
        guard let (high, low) = destination?.bits else { return nil }
        return AddressBlock.narrowest(destinations, around: high, low)
    }
}

extension TCPRoute {
    /// The part of it for a connection on `descriptor`.
    func part(for descriptor: Int32) -> TCPRoute {
        guard !narrower.isEmpty, let (high, low) = Socket.meantAddress(descriptor)?.bits else {
            return self
        }
        return route(to: high, low)
    }
}

extension Socket {
    /// Where a connection was meant to go: where it was redirected from, else where it arrived.
    static func meantAddress(_ descriptor: Int32) -> SocketAddress? {
        originalDestination(descriptor) ?? localAddress(descriptor)
    }
}
