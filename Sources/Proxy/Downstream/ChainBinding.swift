// Which filter chain of its listener a TLS connection belongs to: found again by name when a newer
// snapshot has the same chain, so that open connections follow changes of their routes.
import Mesh

final class ChainBinding {
    let name: String
    private var spec: ListenerSpec
    private var current: RouteTable

    init(_ chain: FilterChain, table: RouteTable, spec: ListenerSpec) {
        name = chain.name
        self.spec = spec
        current = table
    }

    /// The chain's table in the listener's present configuration; an empty one where the chain is
    /// gone, as the clusters its routes speak of by their places are gone as well.
    func table(in present: ListenerSpec) -> RouteTable {
        if present === spec { return current }
        spec = present
        current = RouteTable(name: current.name, virtualHosts: [])
        for chain in present.chains where chain.name == name {
            if case .terminateHTTP(_, let table) = chain.handling { current = table }
        }
        return current
    }

    /// Whether another chain of the listener serves `authority`: the client reused a connection
    /// that was opened for a different name (RFC 9110 section 15.5.20).
    func isServedElsewhere(_ authority: Span<UInt8>, in present: ListenerSpec) -> Bool {
        for chain in present.chains where chain.name != name {
            if case .terminateHTTP(_, let table) = chain.handling,
                table.virtualHost(for: authority) != nil
            {
                return true
            }
        }
        return false
    }
}
