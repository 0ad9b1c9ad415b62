// The choice in clusters with priorities, shares, keys and warm-up: exact where it is exact, and
// within six standard deviations where it draws.
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("choice of endpoints")
struct EndpointChoiceTests {
    private let worker: Worker

    init() throws {
        worker = Worker(loop: try Loop(), settings: ProxySettings(), counts: ProcessCounts())
    }

    /// `groups`: endpoints by level and group; addresses are numbered from port 1 on.
    private func cluster(
        _ levels: [[EndpointGroup]], count: Int, _ order: Cluster.LoadBalancing = .random,
        warmup: BalancePolicy.Warmup? = nil, panicPercent: UInt32 = 0, zones: ZoneShares? = nil
    ) -> ClusterState {
        let addresses = (1...count).map { SocketAddress.v4(0x7f00_0001, port: UInt16($0)) }
        let plain = Plan.cluster("a", addresses, policy: order)
        let balance = BalancePolicy(
            priorities: levels.map { PriorityLevel(groups: $0, zones: zones) }, warmup: warmup,
            panicPercent: panicPercent)
        return ClusterState(
            Cluster(
                name: plain.name, host: plain.host, serviceName: plain.serviceName,
                namespace: plain.namespace, port: 80, subset: "", loadBalancing: order,
                connectTimeoutMs: 1000, endpoints: plain.endpoints, balance: balance, origins: []),
            worker: worker)
    }

    /// One group a level.
    private func priorities(
        _ sizes: [Int], panicPercent: UInt32 = 0
    ) -> ClusterState {
        var next = 0
        let levels = sizes.map { size -> [EndpointGroup] in
            defer { next += size }
            return [EndpointGroup(members: Array(next..<next + size))]
        }
        return cluster(levels, count: next, panicPercent: panicPercent)
    }

    private func eject(_ places: [Int], in cluster: ClusterState) {
        for place in places { cluster.endpoints[place].isEjected = true }
        cluster.healthChanged()
    }

    private func counts(
        _ cluster: ClusterState, _ picks: Int = 10_000, _ wish: PickWish = PickWish()
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: cluster.endpoints.count)
        for _ in 0..<picks {
            if let picked = cluster.pick(wish) { counts[Int(picked.address.port) - 1] += 1 }
        }
        return counts
    }

    private func expect(_ count: Int, of picks: Int, near share: Double) {
        let bound = 6 * (Double(picks) * share * (1 - share)).squareRoot()
        #expect(abs(Double(count) - Double(picks) * share) <= bound, "\(count) for \(share)")
    }

    @Test("an endpoint that is down is never busy, and is not asked again for that")
    func leastBusyAndDown() {
        let cluster = cluster([[EndpointGroup(members: [0, 1])]], count: 2, .leastRequest)
        cluster.endpoints[0].activeRequests = 9
        var wish = PickWish()
        wish.tried = [cluster.endpoints[1]]
        #expect(counts(cluster, 200, wish) == [200, 0])
        wish.tried.append(cluster.endpoints[0])
        #expect(counts(cluster, 200, wish).reduce(0, +) == 200)
    }

    // MARK: - Zones

    @Test("shares of zones follow who is available, and are given up where nobody is at home")
    func zones() {
        let groups = [EndpointGroup(members: [0, 1]), EndpointGroup(members: [2, 3])]
        let zones = ZoneShares(own: 0, callers: [5000, 5000], minimumSize: 2)
        let cluster = cluster([groups], count: 4, zones: zones)
        #expect(counts(cluster)[2...] == [0, 0])
        // A third of those left against half of the callers: two requests of three stay.
        eject([0], in: cluster)
        var seen = counts(cluster)
        #expect(seen[0] == 0)
        expect(seen[1], of: 10_000, near: 0.6666)
        expect(seen[2], of: 10_000, near: 0.1667)
        eject([1], in: cluster)
        seen = counts(cluster)
        #expect(seen[..<2] == [0, 0])
        expect(seen[2], of: 10_000, near: 0.5)
    }

    // MARK: - Priorities

    @Test("the first level takes all while it is well, and hands over what it cannot carry")
    func failover() {
        let cluster = priorities([4, 4])
        #expect(counts(cluster).suffix(4).allSatisfy { $0 == 0 })
        // Three of four carry all: 1.4 times 75 %.
        eject([0], in: cluster)
        #expect(counts(cluster).suffix(4).allSatisfy { $0 == 0 })
        // Two of four carry 70 %.
        eject([0, 1], in: cluster)
        let half = counts(cluster)
        expect(half[2] + half[3], of: 10_000, near: 0.7)
        #expect(half[0] == 0 && half[1] == 0)
        eject([0, 1, 2, 3], in: cluster)
        #expect(counts(cluster).prefix(4).allSatisfy { $0 == 0 })
        for endpoint in cluster.endpoints { endpoint.isEjected = false }
        cluster.healthChanged()
        #expect(counts(cluster).suffix(4).allSatisfy { $0 == 0 })
    }

    @Test("nobody left is nobody asked, unless minHealthPercent says otherwise")
    func panic() {
        let strict = priorities([2, 2])
        eject([0, 1, 2, 3], in: strict)
        #expect(strict.pick(PickWish()) == nil)
        let lax = priorities([2, 2], panicPercent: 50)
        eject([0, 1, 2, 3], in: lax)
        #expect(counts(lax).allSatisfy { $0 > 0 })
    }

    @Test("a single level below minHealthPercent asks everybody")
    func panicOfOne() {
        let cluster = priorities([10], panicPercent: 50)
        eject([0, 1, 2, 3, 4], in: cluster)
        #expect(counts(cluster).prefix(5).allSatisfy { $0 == 0 })
        eject([0, 1, 2, 3, 4, 5], in: cluster)
        #expect(counts(cluster).allSatisfy { $0 > 0 })
    }

    @Test(
        "Envoy's table of priority loads",
        arguments: [
            ([(100, 100), (100, 100)], [100, 0]), ([(72, 100), (72, 100)], [100, 0]),
            ([(71, 100), (71, 100)], [99, 1]), ([(50, 100), (50, 100)], [70, 30]),
            ([(25, 100), (100, 100)], [35, 65]), ([(25, 100), (25, 100)], [50, 50]),
            ([(0, 100), (20, 100)], [0, 100]), ([(0, 1), (0, 1)], [100, 0]),
            ([(5, 100), (5, 100), (5, 100)], [34, 33, 33]),
        ] as [([(Int, Int)], [UInt32])])
    func loads(_ levels: [(Int, Int)], _ percents: [UInt32]) {
        let loads = PriorityLoads(
            levels.map { PriorityLoads.Count(available: $0.0, total: $0.1) }, panicPercent: 0)
        #expect(Array(loads.percents) == percents)
    }

    @Test("every second try leaves out the priorities that were asked")
    func remoteLocalities() {
        let cluster = priorities([2, 2, 2])
        var wish = PickWish()
        wish.leavesTriedPriorities = true
        wish.tried = [cluster.endpoints[0]]
        #expect(counts(cluster, 100, wish).suffix(4).allSatisfy { $0 == 0 })
        wish.tried = [cluster.endpoints[0], cluster.endpoints[1]]
        let second = counts(cluster, 100, wish)
        #expect(second[2] + second[3] == 100)
        wish.tried += [cluster.endpoints[2], cluster.endpoints[4]]
        // All have been asked: they count again.
        #expect(counts(cluster, 100, wish)[1] > 0)
    }

    // MARK: - Shares by place

    @Test("groups get their shares, and less of it when they cannot carry it")
    func shares() {
        let groups = [
            EndpointGroup(members: [0, 1, 2, 3], weight: 80),
            EndpointGroup(members: [4], weight: 20),
        ]
        let cluster = cluster([groups], count: 5)
        var counted = counts(cluster)
        expect(counted[4], of: 10_000, near: 0.2)
        eject([0, 1, 2], in: cluster)
        // A quarter is left of the first: 1.4 times 25 % of 80 against 20.
        counted = counts(cluster)
        expect(counted[3], of: 10_000, near: 28.0 / 48)
        eject([0, 1, 2, 3], in: cluster)
        #expect(counts(cluster)[4] == 10_000)
    }

    // MARK: - Warm-up

    @Test(
        "who has just joined gets the least share and grows into its full one",
        arguments: [Cluster.LoadBalancing.roundRobin, .leastRequest])
    func warmup(order: Cluster.LoadBalancing) {
        let warmup = BalancePolicy.Warmup(durationMs: 10_000)
        let cluster = cluster(
            [[EndpointGroup(members: [0, 1])]], count: 2, order, warmup: warmup)
        // All new: nobody is favoured.
        expect(counts(cluster)[0], of: 10_000, near: 0.5)
        let old = cluster.endpoints[0].bornNs
        cluster.endpoints[0].bornNs = old &- 60_000_000_000
        for (ageMs, weight) in [(0, 0.1), (500, 0.1), (5_000, 0.5), (9_000, 0.9), (11_000, 1)] {
            cluster.endpoints[1].bornNs = worker.loop.nowNs &- UInt64(ageMs) * 1_000_000
            cluster.healthChanged()
            expect(counts(cluster)[1], of: 10_000, near: weight / (1 + weight))
        }
    }

    @Test("the share grows while nothing else happens")
    func growth() throws {
        let cluster = cluster(
            [[EndpointGroup(members: [0, 1])]], count: 2, .roundRobin,
            warmup: BalancePolicy.Warmup(durationMs: 20))
        cluster.endpoints[0].bornNs &-= 1_000_000_000
        cluster.healthChanged()
        let nowNs = worker.loop.nowNs
        let policy = try #require(cluster.cluster.balance)
        let choice = EndpointChoice(policy, cluster.cluster, cluster.endpoints)
        choice.healthChanged(nowNs: nowNs)
        var random = Random()
        var shares: [Int] = []
        for ageMs in stride(from: UInt64(0), through: 25, by: 5) {
            shares.append(
                (0..<1000).count { _ in
                    choice.pick(PickWish(), &random, nowNs: nowNs &+ ageMs &* 1_000_000)
                        === cluster.endpoints[1]
                })
        }
        #expect(shares == shares.sorted() && shares[0] < 100 && shares[5] == 500)
    }
}
