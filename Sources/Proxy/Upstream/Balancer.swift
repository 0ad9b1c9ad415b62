// Chooses one of some endpoints. Each worker balances by what it sees itself, which over many
// requests comes to the same as one balancer for all and needs no shared state.
import Mesh
import Net

struct Balancer {
    /// What each endpoint counts for; empty while all count the same.
    private var weights: ContiguousArray<UInt32> = []
    /// Running sums of `weights`.
    private var sums: ContiguousArray<UInt32> = []
    private var turn = 0
    /// Smooth weighted round robin: what each endpoint is owed.
    private var owed: ContiguousArray<Int64> = []

    /// For `endpoints` by their own weights.
    mutating func adopt(_ endpoints: ContiguousArray<EndpointState>) {
        owed.removeAll()
        reweigh(endpoints.count) { UInt64(endpoints[$0].endpoint.weight) }
    }

    /// Other weights for the same endpoints; who is owed a turn keeps it.
    mutating func reweigh(_ count: Int, by weight: (Int) -> UInt64) {
        weights.removeAll(keepingCapacity: true)
        sums.removeAll(keepingCapacity: true)
        var total: UInt64 = 0
        var isEven = true
        for index in 0..<count {
            let own = weight(index)
            isEven = isEven && own == weight(0)
            total = total.addingReportingOverflow(own).partialValue
        }
        guard !isEven else {
            owed.removeAll()
            return
        }
        // Tickets are drawn of 32 bits: larger sums lose their last digits.
        var shift: UInt64 = 0
        while (total >> shift) + UInt64(count) > UInt64(UInt32.max) { shift += 1 }
        var sum: UInt32 = 0
        for index in 0..<count {
            let whole = weight(index)
            let own = UInt32(truncatingIfNeeded: max(min(whole, 1), whole >> shift))
            weights.append(own)
            sum &+= own
            sums.append(sum)
        }
        if owed.count != count { owed = ContiguousArray(repeating: 0, count: count) }
    }

    mutating func pick(
        _ endpoints: ContiguousArray<EndpointState>, _ policy: Cluster.LoadBalancing,
        _ random: inout Random
    ) -> EndpointState? {
        guard endpoints.count > 1 else { return endpoints.first }
        switch policy {
        case .roundRobin: return roundRobin(endpoints)
        case .random, .ringHash, .maglev: return endpoints[draw(endpoints.count, &random)]
        case .leastRequest:
            // The power of two choices (Mitzenmacher): the better of two drawn at random. Who is
            // heavier is drawn more often and may have as many more under way; while nothing is,
            // the first drawn wins, so that shares are the weights.
            let first = draw(endpoints.count, &random)
            let second = draw(endpoints.count, &random)
            let load = UInt64(endpoints[first].activeRequests) &* weight(second)
            let otherLoad = UInt64(endpoints[second].activeRequests) &* weight(first)
            return endpoints[load <= otherLoad ? first : second]
        }
    }

    private func weight(_ index: Int) -> UInt64 {
        weights.isEmpty ? 1 : UInt64(weights[index])
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
        if weights.isEmpty {
            turn = turn + 1 < endpoints.count ? turn + 1 : 0
            return endpoints[turn]
        }
        // Nginx's smooth order: heavy ones do not bunch up.
        var best = 0
        var total: Int64 = 0
        for index in endpoints.indices {
            let weight = Int64(weights[index])
            owed[index] += weight
            total += weight
            if owed[index] > owed[best] { best = index }
        }
        owed[best] -= total
        return endpoints[best]
    }
}
