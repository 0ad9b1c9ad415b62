// What the workers know an endpoint by, when they share something about it.
// Not always by an address: one that is a name (`DNS_ROUND_ROBIN`) has another for each connection.
import Net

enum EndpointKey: Hashable, Sendable {
    case address(SocketAddress)
    /// The one there is in its cluster, whatever its addresses are.
    case name
    /// One of the hosts that requests name; several of them may be at one address.
    case host(String, port: UInt16)
}
