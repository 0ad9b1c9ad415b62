// How much of a level's requests each place gets under `zoneAwareLbSetting`: the proxy's own as
// much as its endpoints can bear beside the callers that stand there, the others what they have to
// spare.
// Envoy's zone aware routing (regenerateLocalityRoutingStructures); who calls from where is known
// from the endpoints of the caller's own service, as in Envoy's local cluster.

public struct ZoneShares: Sendable, Equatable {
    /// The group of the proxy's own place.
    public let own: Int
    /// Of those who call, the share that stands in each group's place, in ten-thousandths.
    public let callers: [UInt32]
    /// With fewer endpoints available all are asked alike (`minClusterSize`).
    public let minimumSize: Int

    public init(own: Int, callers: [UInt32], minimumSize: Int) {
        self.own = own
        self.callers = callers
        self.minimumSize = minimumSize
    }

    /// The groups' weights, which add up to 10000; nil where all endpoints are to be asked alike.
    /// - Parameter available: endpoints of each group that are.
    public func weights(available: [Int]) -> [UInt32]? {
        let total = available.reduce(0, +)
        guard available.count > 1, available[own] > 0, total >= minimumSize else { return nil }
        let capacity = available.map { UInt32(10_000 * $0 / total) }
        var weights = [UInt32](repeating: 0, count: available.count)
        if capacity[own] >= callers[own] {
            weights[own] = 10_000
            return weights
        }
        let kept = capacity[own] * 10_000 / callers[own]
        var spare = [UInt64](repeating: 0, count: available.count)
        for place in capacity.indices where place != own && capacity[place] > callers[place] {
            spare[place] = UInt64(capacity[place] - callers[place])
        }
        let sum = spare.reduce(0, +)
        guard sum > 0 else { return nil }
        for place in capacity.indices where place != own {
            weights[place] = UInt32(UInt64(10_000 - kept) * spare[place] / sum)
        }
        // What rounding leaves stays at home.
        weights[own] = 10_000 - weights.reduce(0, +)
        return weights
    }
}
