// The choice of an endpoint in a cluster that has more to say than an order: priorities, shares by
// place, a key to hash, warm-up.
// All that depends on who is available is worked out when that changes; a request draws a level, a
// group in it, and an endpoint of the group.
import Mesh
import Net

final class EndpointChoice {
    private let policy: BalancePolicy
    private let order: Cluster.LoadBalancing
    /// By the endpoint's place in the cluster: one, unless DNS has several addresses for it, or
    /// none.
    private var places: ContiguousArray<ContiguousArray<EndpointState>>
    /// By place: somebody there is available.
    private var isOpen: ContiguousArray<Bool> = []
    private var levels: ContiguousArray<Level> = []
    private var counts: [PriorityLoads.Count] = []
    private var loads = PriorityLoads([], panicPercent: 0)
    /// When weights of endpoints that warm up are to be worked out anew.
    private var reweighNs = UInt64.max

    private struct Level {
        var groups: ContiguousArray<Group> = []
        /// Running sums of the groups' weights as far as they can carry them; empty for one group.
        var sums: ContiguousArray<UInt32> = []
        var isInPanic = false
    }

    private struct Group {
        var candidates: ContiguousArray<EndpointState> = []
        var balancer = Balancer()

        mutating func pick(
            _ order: Cluster.LoadBalancing, _ random: inout Random
        ) -> EndpointState? {
            balancer.pick(candidates, order, &random)
        }
    }

    /// Who is available it hears by `healthChanged`.
    /// - Parameter states: of `cluster`'s endpoints.
    init(
        _ policy: BalancePolicy, _ cluster: Cluster, _ states: ContiguousArray<EndpointState>
    ) {
        self.policy = policy
        order = cluster.loadBalancing
        places = ContiguousArray(repeating: [], count: cluster.endpoints.count)
        var numbers: [ObjectIdentifier: Int] = [:]
        for (place, endpoint) in cluster.endpoints.enumerated() {
            numbers[ObjectIdentifier(endpoint)] = place
        }
        for state in states {
            if let place = numbers[ObjectIdentifier(state.endpoint)] { places[place].append(state) }
        }
        for (priority, level) in policy.priorities.enumerated() {
            for state in members(of: level.groups) { state.priority = priority }
        }
    }

    private func members(of groups: [EndpointGroup]) -> [EndpointState] {
        groups.flatMap { $0.members.flatMap { places[$0] } }
    }

    /// Who is available has changed.
    func healthChanged(nowNs: UInt64) {
        isOpen = ContiguousArray(places.map { $0.contains { !$0.isEjected } })
        counts = policy.priorities.map { level in
            let members = members(of: level.groups)
            return PriorityLoads.Count(
                available: members.count { !$0.isEjected }, total: members.count)
        }
        loads = PriorityLoads(counts, panicPercent: policy.panicPercent)
        levels = ContiguousArray(
            policy.priorities.indices.map { index in
                level(policy.priorities[index], isInPanic: loads.panics[index])
            })
        reweigh(nowNs: nowNs)
    }

    private func level(_ priority: PriorityLevel, isInPanic: Bool) -> Level {
        var level = Level()
        level.isInPanic = isInPanic
        var groups = priority.groups
        var shares: [UInt32]?
        if let zones = priority.zones {
            let available = groups.map { members(of: [$0]).count { !$0.isEjected } }
            shares = isInPanic ? nil : zones.weights(available: available)
            if shares == nil { groups = [EndpointGroup(members: groups.flatMap(\.members))] }
        }
        var sum: UInt32 = 0
        for (place, group) in groups.enumerated() {
            let members = members(of: [group])
            var state = Group()
            state.candidates = ContiguousArray(
                isInPanic ? members : members.filter { !$0.isEjected })
            state.balancer.adopt(state.candidates)
            level.groups.append(state)
            guard groups.count > 1 else { continue }
            if let shares {
                sum += shares[place]
                level.sums.append(sum)
                continue
            }
            // Its share, less what those that are left cannot carry (effectiveLocalityWeight).
            let carried = min(members.count * 10, state.candidates.count * 14)
            let weight = UInt64(group.weight) * UInt64(carried) * 100
            sum += UInt32(truncatingIfNeeded: weight / UInt64(max(1, members.count * 10)))
            level.sums.append(sum)
        }
        return level
    }

    // MARK: - The choice

    func pick(
        _ wish: borrowing PickWish, _ random: inout Random, nowNs: UInt64
    ) -> EndpointState? {
        guard !levels.isEmpty else { return nil }
        if policy.hash != nil { return owner(of: wish.hash ?? random.next()) }
        if nowNs >= reweighNs { reweigh(nowNs: nowNs) }
        var drawn = draw(in: level(for: random.next(), wish), &random)
        guard !wish.tried.isEmpty else { return drawn?.endpoint }
        for _ in 0..<ClusterState.triesMax {
            guard let found = drawn?.endpoint, wish.hasTried(found) else { return drawn?.endpoint }
            drawn = draw(in: level(for: random.next(), wish), &random)
        }
        guard let drawn else { return nil }
        let candidates = levels[drawn.level].groups[drawn.group].candidates
        return wish.another(than: drawn.endpoint, among: candidates, &random)
    }

    /// A key's owner. Who was asked before is not avoided: a key has one place (Istio leaves the
    /// avoidance out as well).
    private func owner(of hash: UInt64) -> EndpointState? {
        let level = loads.level(for: hash)
        guard let table = policy.priorities[level].table else { return nil }
        let asksAll = levels[level].isInPanic
        // Else the whole ring would be walked for nobody.
        guard asksAll || counts[level].available > 0 else { return nil }
        let owner = table.owner(of: hash) { place in
            isOpen[place] || asksAll && !places[place].isEmpty
        }
        guard let owner else { return nil }
        if places[owner].count == 1 { return places[owner][0] }
        return nearest(to: hash, at: owner, asksAll: asksAll)
    }

    /// One name, many addresses, and the table knows the name alone: among these the key goes by
    /// rendezvous (Thaler, Ravishankar), which is as steady.
    private func nearest(to hash: UInt64, at place: Int, asksAll: Bool) -> EndpointState? {
        var best: EndpointState?
        var highest: UInt64 = 0
        for state in places[place] where asksAll || !state.isEjected {
            let score = state.address.affinity(to: hash)
            if best == nil || score > highest {
                best = state
                highest = score
            }
        }
        return best
    }

    private func level(for ticket: UInt64, _ wish: borrowing PickWish) -> Int {
        guard levels.count > 1 else { return 0 }
        // Envoy's previous_priorities with Istio's update_frequency of 2: every second try leaves
        // out the priorities asked so far, until none is left and all count again.
        let tried = wish.tried.count / 2 * 2
        guard wish.leavesTriedPriorities, tried > 0 else { return loads.level(for: ticket) }
        var left = Set(levels.indices)
        for endpoint in wish.tried.prefix(tried) { left.remove(endpoint.priority) }
        let canTake = left.contains { counts[$0].available > 0 }
        guard canTake else { return loads.level(for: ticket) }
        return PriorityLoads(counts, panicPercent: 0) { !left.contains($0) }.level(for: ticket)
    }

    private func draw(
        in index: Int, _ random: inout Random
    ) -> (endpoint: EndpointState?, level: Int, group: Int)? {
        var group = 0
        if let total = levels[index].sums.last {
            guard total > 0 else { return nil }
            let ticket = random.below(total)
            while ticket >= levels[index].sums[group] { group += 1 }
        }
        return (levels[index].groups[group].pick(order, &random), index, group)
    }

    // MARK: - Warm-up

    private func reweigh(nowNs: UInt64) {
        reweighNs = .max
        guard let warmup = policy.warmup else { return }
        let durationNs = warmup.durationMs &* 1_000_000
        var isWarming = false
        for level in levels.indices {
            for group in levels[level].groups.indices {
                let states = levels[level].groups[group].candidates
                levels[level].groups[group].balancer.reweigh(states.count) { index in
                    let age = nowNs &- states[index].bornNs
                    guard age < durationNs else {
                        return UInt64(states[index].endpoint.weight) * 1000
                    }
                    isWarming = true
                    let share = warmup.share(at: Double(age) / Double(durationNs))
                    return max(1, UInt64(Double(states[index].endpoint.weight) * share * 1000))
                }
            }
        }
        // A hundred steps are near enough to the curve.
        if isWarming { reweighNs = nowNs &+ max(1_000_000, durationNs / 100) }
    }
}

extension SocketAddress {
    /// As good as random, and the same whenever asked.
    fileprivate func affinity(to hash: UInt64) -> UInt64 {
        var mixed =
            switch self {
            case .v4(let address, let port): hash ^ UInt64(address) << 16 ^ UInt64(port)
            case .v6(let high, let low, let port):
                hash ^ high &* 0x9E37_79B9_7F4A_7C15 ^ low ^ UInt64(port)
            case .unix: hash
            }
        // splitmix64's finish (Steele, Lea, Flood).
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
