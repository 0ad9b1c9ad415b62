// Envoy's outlier detector as a value: who is left out, for how long, and who is forgiven.
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("ejections")
struct EjectionsTests {
    private static let addresses = (1...20).compactMap {
        SocketAddress(host: "10.0.0.\($0)", port: 80).map { EndpointKey.address($0) }
    }
    private static let a = addresses[0]

    private static func policy(
        _ percent: UInt32 = 100, baseMs: UInt64 = 30_000, intervalMs: UInt64 = 10_000
    ) -> OutlierPolicy {
        OutlierPolicy(
            intervalMs: intervalMs, baseEjectionMs: baseMs, maxEjectionPercent: percent)
    }

    /// When the next check after an ejection at `start` lets it come back, looking each interval.
    private func stay(
        _ ejections: inout Ejections, _ policy: OutlierPolicy, from start: UInt64
    ) -> UInt64 {
        var now = start
        repeat { now += policy.intervalMs } while ejections.check(policy, nowMs: now).isEmpty
        return now - start
    }

    @Test("each ejection takes longer than the one before, up to 300 s")
    func growing() {
        var ejections = Ejections()
        let policy = Self.policy(baseMs: 100_000)
        var now: UInt64 = 1_000
        var stays: [UInt64] = []
        for _ in 0..<5 {
            #expect(ejections.eject(Self.a, ofHosts: 1, policy, nowMs: now) == .ejected)
            let time = stay(&ejections, policy, from: now)
            stays.append(time)
            now += time
        }
        #expect(stays == [100_000, 200_000, 300_000, 300_000, 300_000])
    }

    @Test("a base time above 300 s is its own limit")
    func longBase() {
        var ejections = Ejections()
        let policy = Self.policy(baseMs: 600_000)
        var now: UInt64 = 0
        for _ in 0..<2 {
            _ = ejections.eject(Self.a, ofHosts: 1, policy, nowMs: now)
            let time = stay(&ejections, policy, from: now)
            #expect(time == 600_000)
            now += time
        }
    }

    @Test("whoever does well for as many intervals is as good as new")
    func forgiven() {
        var ejections = Ejections()
        let policy = Self.policy()
        var now: UInt64 = 0
        for _ in 0..<3 {
            _ = ejections.eject(Self.a, ofHosts: 1, policy, nowMs: now)
            now += stay(&ejections, policy, from: now)
        }
        #expect(!ejections.isQuiet)
        for _ in 0..<3 {
            now += policy.intervalMs
            #expect(ejections.check(policy, nowMs: now).isEmpty)
        }
        #expect(ejections.isQuiet)
        _ = ejections.eject(Self.a, ofHosts: 1, policy, nowMs: now)
        #expect(stay(&ejections, policy, from: now) == 30_000)
    }

    @Test("less than an interval of good work forgives nothing")
    func notForgiven() {
        var ejections = Ejections()
        let policy = Self.policy()
        _ = ejections.eject(Self.a, ofHosts: 1, policy, nowMs: 0)
        let now = stay(&ejections, policy, from: 0)
        _ = ejections.check(policy, nowMs: now + policy.intervalMs - 1)
        _ = ejections.eject(Self.a, ofHosts: 1, policy, nowMs: now + policy.intervalMs)
        #expect(stay(&ejections, policy, from: now + policy.intervalMs) == 60_000)
    }

    @Test(
        "no more are out than maxEjectionPercent allows, counting the one that would go",
        arguments: [
            (10, 9, 0), (10, 10, 1), (10, 19, 1), (10, 20, 2), (50, 3, 1), (100, 3, 3), (99, 3, 2),
            (33, 3, 0), (34, 3, 1),
        ] as [(UInt32, Int, Int)])
    func percent(percent: UInt32, hosts: Int, out: Int) {
        var ejections = Ejections()
        let verdicts = Self.addresses.prefix(hosts).map {
            ejections.eject($0, ofHosts: hosts, Self.policy(percent), nowMs: 0)
        }
        let ejected = verdicts.count { $0 == .ejected }
        let refused = verdicts.count { $0 == .overflow }
        #expect(ejected == out)
        #expect(refused == hosts - out)
        #expect(ejections.activeCount == out)
    }

    @Test("who is out already is not ejected again, and who has left the cluster does not count")
    func once() {
        var ejections = Ejections()
        let policy = Self.policy()
        #expect(ejections.eject(Self.a, ofHosts: 2, policy, nowMs: 0) == .ejected)
        #expect(ejections.eject(Self.a, ofHosts: 2, policy, nowMs: 1) == .already)
        #expect(ejections.activeCount == 1)
        ejections.forget(Self.a)
        ejections.forget(Self.a)
        #expect(ejections.activeCount == 0)
        #expect(ejections.isQuiet)
        #expect(ejections.check(policy, nowMs: 1_000_000).isEmpty)
    }

    // MARK: - Errors in a row

    private func counts(_ statuses: [UInt16], _ policy: OutlierPolicy) -> [EjectionCauses] {
        let health = EndpointHealth()
        return statuses.map { health.count(policy.counted($0), policy) }
    }

    private func ejections(_ statuses: [UInt16], _ policy: OutlierPolicy) -> Int {
        counts(statuses, policy).count { !$0.isEmpty }
    }

    @Test("five in a row, and a good answer begins the row anew")
    func row() {
        let policy = OutlierPolicy()
        #expect(counts([500, 501, 502, 503, 599], policy) == [[], [], [], [], .errors])
        #expect(ejections([500, 500, 500, 500, 200, 500], policy) == 0)
        #expect(ejections([500, 500, 500, 500, 404, 500], policy) == 0)
        #expect(ejections([UInt16](repeating: 500, count: 10), policy) == 2)
    }

    @Test("gateway errors are 502, 503, 504; any other answer begins their row anew")
    func gateway() {
        let policy = OutlierPolicy(consecutive5xx: 0, consecutiveGatewayErrors: 2)
        #expect(counts([502, 504], policy) == [[], .gatewayErrors])
        #expect(ejections([503, 500, 503], policy) == 0)
        #expect(ejections([500, 500, 500, 501, 505], policy) == 0)
        let both = OutlierPolicy(consecutive5xx: 2, consecutiveGatewayErrors: 2)
        #expect(counts([503, 503], both) == [[], [.gatewayErrors, .errors]])
    }

    @Test("zero never ejects")
    func zero() {
        let policy = OutlierPolicy(consecutive5xx: 0)
        #expect(ejections([UInt16](repeating: 503, count: 50), policy) == 0)
    }

    @Test("failures of our own origin are counted apart")
    func localOrigin() {
        let policy = OutlierPolicy(consecutiveLocalOriginFailures: 2, splitsLocalOrigin: true)
        let health = EndpointHealth()
        #expect(health.countLocalFailure(policy) == [])
        health.connected()
        #expect(health.countLocalFailure(policy) == [])
        #expect(health.count(200, policy) == [])
        #expect(health.countLocalFailure(policy) == .localOrigin)
    }
}
