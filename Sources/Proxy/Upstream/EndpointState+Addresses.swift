// Where an endpoint's connections go: to its address, or to one of those that its name stands for.
// Which of them answer is remembered here, for the connections to come.
import Mesh
import Net

extension EndpointState {
    /// Where the next connection goes.
    func addressToDial() -> SocketAddress {
        if let next = rotation?.next(nowMs: cluster.worker.loop.nowMs) { dialled = next }
        return latestAddress
    }

    /// Where the latest connection goes, or went first.
    var latestAddress: SocketAddress { dialled ?? address }

    /// Whether there is more than one address to dial.
    var isManifold: Bool { rotation.map { $0.addresses.count > 1 } ?? false }

    /// Where to dial when nobody answers at those of `tried`; nil where there is nothing left.
    func anotherAddress(than tried: ContiguousArray<SocketAddress>) -> SocketAddress? {
        rotation?.another(than: tried, nowMs: cluster.worker.loop.nowMs)
    }

    /// Nobody answered there, or not as soon as elsewhere.
    func avoid(_ address: SocketAddress) {
        rotation?.avoid(address, nowMs: cluster.worker.loop.nowMs)
    }

    /// A new answer. Where every address is an endpoint, connections made to another one in this
    /// one's stead end with the answer that had it, as that one's own do.
    func adopt(_ next: AddressRotation?) {
        let before = rotation
        rotation = next
        if let before { rotation?.learn(from: before) }
        guard cluster.cluster.discovery == .allAddresses else { return }
        if let dialled, next?.addresses.contains(dialled) != true { self.dialled = nil }
        dropIdle { !keepsConnections(to: $0) }
    }

    /// Whether a connection to one of its addresses, now or once, is there for the next request.
    func keepsConnections(to place: SocketAddress) -> Bool {
        place == address || cluster.cluster.discovery != .allAddresses
            || rotation?.addresses.contains(place) == true
    }
}
