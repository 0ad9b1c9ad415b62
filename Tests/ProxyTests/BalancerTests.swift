// Which endpoint a request goes to: exactly where the policy is exact, and within what chance
// allows where it draws.
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("balancing")
struct BalancerTests {
    private let worker: Worker

    init() throws {
        worker = Worker(loop: try Loop(), settings: ProxySettings(), counts: ProcessCounts())
    }

    private func cluster(_ policy: Cluster.LoadBalancing, weights: [UInt32]) -> ClusterState {
        let addresses = weights.indices.map { SocketAddress.v4(0x7f00_0001, port: UInt16($0 + 1)) }
        return ClusterState(
            Plan.cluster("a", addresses, weights: weights, policy: policy), worker: worker)
    }

    private func counts(_ cluster: ClusterState, _ picks: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: cluster.endpoints.count)
        for _ in 0..<picks {
            if let picked = cluster.pick(PickWish()) { counts[Int(picked.address.port) - 1] += 1 }
        }
        return counts
    }

    @Test(
        "nobody is picked where nobody is",
        arguments: [
            Cluster.LoadBalancing.roundRobin, .random, .leastRequest,
        ])
    func none(policy: Cluster.LoadBalancing) {
        #expect(cluster(policy, weights: []).pick(PickWish()) == nil)
        #expect(counts(cluster(policy, weights: [1]), 10) == [10])
    }

    @Test("round robin takes each in turn")
    func roundRobin() {
        let cluster = cluster(.roundRobin, weights: [1, 1, 1])
        let turn = (0..<9).compactMap { _ in cluster.pick(PickWish())?.address.port }
        #expect(Set(turn.prefix(3)).count == 3)
        #expect(turn == Array(turn.prefix(3)) + turn.prefix(3) + turn.prefix(3))
    }

    @Test("weighted round robin is exact in every round and never bunches up")
    func weightedRoundRobin() {
        let cluster = cluster(.roundRobin, weights: [5, 1, 1])
        for _ in 0..<3 { #expect(counts(cluster, 7) == [5, 1, 1]) }
        // Nginx's smooth order: a a b a c a a.
        let turn = (0..<7).compactMap { _ in cluster.pick(PickWish())?.address.port }
        #expect(turn == [1, 1, 2, 1, 3, 1, 1])
    }

    @Test(
        "drawing follows the weights",
        arguments: [
            [1, 1, 1, 1], [1, 3], [10, 0, 1], [70, 20, 10],
        ] as [[UInt32]])
    func random(weights: [UInt32]) {
        let picks = 40_000
        let counts = counts(cluster(.random, weights: weights), picks)
        let total = Double(weights.reduce(0, +))
        for (index, weight) in weights.enumerated() {
            let share = Double(weight) / total
            // Five standard deviations: a wrong formula is far outside, chance never.
            let bound = 5 * (Double(picks) * share * (1 - share)).squareRoot()
            #expect(abs(Double(counts[index]) - Double(picks) * share) <= bound)
        }
    }

    @Test("of two drawn, the one with fewer requests under way is taken")
    func leastRequest() {
        let cluster = cluster(.leastRequest, weights: [1, 1, 1, 1])
        cluster.endpoints[3].activeRequests = 5
        let picks = 40_000
        let counts = counts(cluster, picks)
        // The busy one wins only against itself: one in sixteen.
        #expect(abs(Double(counts[3]) - Double(picks) / 16) <= 5 * 50)
        for index in 0..<3 { #expect(abs(Double(counts[index]) - Double(picks) * 5 / 16) <= 500) }
    }

    @Test("who was ejected is not picked, and comes back")
    func ejected() {
        let cluster = cluster(.random, weights: [1, 1, 1])
        cluster.endpoints[1].isEjected = true
        cluster.healthChanged()
        let without = counts(cluster, 3_000)
        #expect(without[1] == 0 && without[0] > 0 && without[2] > 0)
        cluster.endpoints[1].isEjected = false
        cluster.healthChanged()
        #expect(counts(cluster, 3_000)[1] > 0)
        for endpoint in cluster.endpoints { endpoint.isEjected = true }
        cluster.healthChanged()
        #expect(cluster.pick(PickWish()) == nil)
    }

    @Test("who was asked before is asked again only where there is nobody else")
    func tried() {
        let cluster = cluster(.roundRobin, weights: [1, 1, 1])
        var wish = PickWish()
        wish.tried = [cluster.endpoints[0], cluster.endpoints[2]]
        for _ in 0..<9 { #expect(cluster.pick(wish) === cluster.endpoints[1]) }
        wish.tried.append(cluster.endpoints[1])
        #expect(cluster.pick(wish) != nil)
    }

    @Test("an endpoint that is down is never busy, and is not asked again for that")
    func leastBusyAndDown() {
        let cluster = cluster(.leastRequest, weights: [1, 1])
        cluster.endpoints[0].activeRequests = 9
        var wish = PickWish()
        wish.tried = [cluster.endpoints[1]]
        for _ in 0..<200 { #expect(cluster.pick(wish) === cluster.endpoints[0]) }
        cluster.endpoints[0].activeRequests = 0
    }

    @Test("who was asked before has its turn where the route does not mind")
    func triedAgain() {
        let cluster = cluster(.roundRobin, weights: [1, 1])
        var wish = PickWish()
        wish.tried = [cluster.endpoints[0]]
        wish.avoidsTried = false
        let picked = (0..<4).filter { _ in cluster.pick(wish) === cluster.endpoints[0] }
        #expect(picked.count == 2)
        wish.reset()
        #expect(wish.avoidsTried)
    }

    @Test("weights far apart and large do not overflow")
    func extremes() {
        let cluster = cluster(.leastRequest, weights: [.max / 2, .max / 2, 1])
        let counts = counts(cluster, 10_000)
        #expect(counts[0] > 4_000 && counts[1] > 4_000)
    }

    @Test("routes divide requests by their weights; weight 0 gets none")
    func destinations() throws {
        var plan = Plan()
        plan.clusters = [
            Plan.cluster("a", []), Plan.cluster("b", []), Plan.cluster("c", []),
        ]
        plan.routes = [
            Plan.route(
                .any,
                .forward(
                    Forward(destinations: [
                        Plan.destination(0, weight: 75), Plan.destination(1, weight: 0),
                        Plan.destination(2, weight: 25),
                    ])))
        ]
        let rig = try Rig(plan)
        let client = try rig.connect()
        let requests = 4000
        for _ in 0..<(requests / 100) {
            try client.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 100))
            for _ in 0..<100 { _ = try client.read(to: "no healthy upstream") }
        }
        let counted = try ["a", "b", "c"].map {
            Double(try rig.cluster(.upstreamCxNoneHealthy, $0))
        }
        #expect(counted[1] == 0)
        #expect(counted.reduce(0, +) == Double(requests))
        #expect(abs(counted[0] - 3000) <= 5 * (3000 * 0.25).squareRoot())
        try rig.settle()
    }
}
