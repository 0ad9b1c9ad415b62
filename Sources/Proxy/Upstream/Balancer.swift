// Chooses an endpoint. Each worker balances by what it sees itself, which over many requests comes
// to the same as one balancer for all and needs no shared state.
import Mesh
import Net

struct Balancer {
    /// Running sums of weights; empty while all weights are equal.
    private var sums: ContiguousArray<UInt32> = []
    private var turn = 0
    /// Smooth weighted round robin: what each endpoint is owed.
    private var owed: ContiguousArray<Int64> = []

    mutating func adopt(_ endpoints: ContiguousArray<EndpointState>) {
        sums.removeAll()
        owed.removeAll()
        guard let first = endpoints.first,
            endpoints.contains(where: { $0.endpoint.weight != first.endpoint.weight })
        else { return }
        var sum: UInt32 = 0
        for state in endpoints {
            sum = sum.addingReportingOverflow(state.endpoint.weight).partialValue
            sums.append(sum)
        }
        owed = ContiguousArray(repeating: 0, count: endpoints.count)
    }

    mutating func pick(
        _ endpoints: ContiguousArray<EndpointState>, _ policy: Cluster.LoadBalancing,
        _ random: inout Random
    ) -> EndpointState? {
        guard endpoints.count > 1 else { return endpoints.first }
        switch policy {
        case .roundRobin: return roundRobin(endpoints)
        case .random: return endpoints[draw(endpoints.count, &random)]
        case .leastRequest:
            // The power of two choices (Mitzenmacher): the better of two drawn at random.
            let one = endpoints[draw(endpoints.count, &random)]
            let other = endpoints[draw(endpoints.count, &random)]
            let load = UInt64(one.activeRequests + 1) &* UInt64(other.endpoint.weight)
            let otherLoad = UInt64(other.activeRequests + 1) &* UInt64(one.endpoint.weight)
            return load <= otherLoad ? one : other
        }
    }

    /// An index, with probability in proportion to weight.
    private func draw(_ count: Int, _ random: inout Random) -> Int {
        guard let total = sums.last else { return Int(random.below(UInt32(count))) }
        let ticket = random.below(total)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ticket < sums[middle] { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func roundRobin(_ endpoints: ContiguousArray<EndpointState>) -> EndpointState {
        if owed.isEmpty {
            turn = turn + 1 < endpoints.count ? turn + 1 : 0
            return endpoints[turn]
        }
        var best = 0
        var total: Int64 = 0
        for index in endpoints.indices {
            let weight = Int64(endpoints[index].endpoint.weight)
            owed[index] += weight
            total += weight
            if owed[index] > owed[best] { best = index }
        }
        owed[best] -= total
        return endpoints[best]
    }
}
