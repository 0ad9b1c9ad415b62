// Which filter chain serves a connection, by what its ClientHello asks for.
// As Envoy chooses: the server name first, the most specific one that fits; among its chains the
// protocols the client offers. A chain passed over by name is never come back to.
import Mesh
import TLS

extension [FilterChain] {
    /// nil where no chain is for such a client.
    func choice(for hello: ClientHello) -> FilterChain? {
        var fitting: [FilterChain] = []
        var bestFit = -1
        for chain in self {
            guard let fit = chain.fit(hello.serverName), fit >= bestFit else { continue }
            if fit > bestFit { fitting.removeAll(keepingCapacity: true) }
            bestFit = fit
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
