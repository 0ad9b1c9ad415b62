// What one request asks of the choice of an endpoint, beyond the cluster's own rules.
// It lives in the exchange and keeps its memory, so that a first try costs nothing for the second.
import Net

struct PickWish {
    /// What a cluster that hashes goes by; nil: the request has no key, and anybody will do.
    var hash: UInt64?
    /// Where the client meant its connection to go; looked at by clusters without endpoints of
    /// their own alone.
    var destination: SocketAddress?
    /// The host that the request names; of clusters that find their endpoints by that alone.
    var host: EndpointState?
    /// Asked before, in order.
    var tried: ContiguousArray<EndpointState> = []
    /// Those are not to be asked again where there is anybody else (`retryIgnorePreviousHosts`).
    var avoidsTried = true
    /// Priorities that every other try was turned down by are left out for the next
    /// (`retryRemoteLocalities`).
    var leavesTriedPriorities = false

    /// Whether it is one to be avoided.
    func hasTried(_ endpoint: EndpointState) -> Bool {
        avoidsTried && tried.contains { $0 === endpoint }
    }

    /// `picked`, where it was not asked before or all were; else anybody who was not.
    func another(
        than picked: EndpointState?, among candidates: ContiguousArray<EndpointState>,
        _ random: inout Random
    ) -> EndpointState? {
        guard let picked, hasTried(picked), !candidates.isEmpty else { return picked }
        let start = Int(random.below(UInt32(clamping: candidates.count)))
        for step in candidates.indices {
            let candidate = candidates[(start + step) % candidates.count]
            if !hasTried(candidate) { return candidate }
        }
        return picked
    }

    mutating func reset() {
        hash = nil
        destination = nil
        host = nil
        if !tried.isEmpty { tried.removeAll(keepingCapacity: true) }
        avoidsTried = true
        leavesTriedPriorities = false
    }
}
