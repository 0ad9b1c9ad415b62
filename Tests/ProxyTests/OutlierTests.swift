// Endpoints that fail are left out by every worker, and come back.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("outlier detection")
struct OutlierTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func plan(
        _ endpoints: [SocketAddress], _ outliers: OutlierPolicy?,
        speaks: Cluster.UpstreamProtocol = .http1
    ) -> Plan {
        var plan = Plan.forwarding(to: endpoints, policy: .roundRobin)
        plan.speak(speaks)
        plan.limit(nil, outliers: outliers)
        return plan
    }

    private func rig(
        _ backends: [Backend], _ outliers: OutlierPolicy, counts: ProcessCounts = ProcessCounts()
    ) throws -> Rig {
        try Rig(
            Self.plan(backends.map(\.address), outliers), backends: backends, counts: counts)
    }

    /// A request, answered with `status` by whichever endpoint gets it; which one that was.
    @discardableResult
    private func ask(_ rig: Rig, _ status: Int) throws -> Int {
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        var found: (Int, Wire)?
        try Wire.wait(for: "a connection to an endpoint") {
            for (index, backend) in rig.backends.enumerated() {
                if let wire = backend.acceptNow() { found = (index, wire) }
            }
            return found == nil ? nil : ()
        }
        let (index, wire) = try #require(found)
        _ = try wire.readHead()
        try wire.send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 \(status) "))
        wire.close()
        client.close()
        return index
    }

    private func protection(_ rig: Rig, _ stat: ProtectionStat) throws -> UInt64 {
        try rig.sample.protection["outbound|80||a"]?[stat] ?? 0
    }

    private func isOut(_ rig: Rig, _ index: Int) throws -> Bool {
        try rig.onLoop { $0.cluster(at: 0).endpoints[index].isEjected }
    }

    private func unavailable(_ rig: Rig) throws {
        let client = try rig.connect()
        try client.send(Self.get)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(try client.read(to: "upstream") == "no healthy upstream")
        client.close()
    }

    @Test("an endpoint with errors in a row is asked no more, at once; the others are")
    func ejected() throws {
        let backends = [try Backend(), try Backend()]
        let rig = try rig(backends, OutlierPolicy(consecutive5xx: 1, maxEjectionPercent: 50))
        let bad = try ask(rig, 500)
        #expect(try isOut(rig, bad))
        for _ in 0..<4 { #expect(try ask(rig, 200) == 1 - bad) }
        #expect(try protection(rig, .ejectionsActive) == 1)
        #expect(try protection(rig, .ejectionsEnforcedTotal) == 1)
        #expect(try protection(rig, .ejectionsEnforcedConsecutive5xx) == 1)
        #expect(try rig.cluster(.membershipHealthy) == 1)
        #expect(try rig.cluster(.membershipTotal) == 2)
        // One more would be more than half.
        #expect(try ask(rig, 500) == 1 - bad)
        #expect(try ask(rig, 200) == 1 - bad)
        #expect(try protection(rig, .ejectionsOverflow) == 1)
        try rig.settle()
    }

    @Test("when all are out nobody is asked: 503 UH; with minHealthPercent all are")
    func allOut() throws {
        let hard = try rig(
            [try Backend()], OutlierPolicy(consecutive5xx: 1, maxEjectionPercent: 100))
        try ask(hard, 503)
        try unavailable(hard)
        try hard.settle()
        let soft = try rig(
            [try Backend()],
            OutlierPolicy(consecutive5xx: 1, maxEjectionPercent: 100, minHealthPercent: 50))
        try ask(soft, 503)
        #expect(try isOut(soft, 0))
        #expect(try ask(soft, 200) == 0)
        #expect(try soft.cluster(.membershipHealthy) == 0)
        try soft.settle()
    }

    @Test("an endpoint comes back after its time, with a clean record")
    func comesBack() throws {
        let rig = try rig(
            [try Backend()],
            OutlierPolicy(
                consecutive5xx: 2, intervalMs: 50, baseEjectionMs: 100, maxEjectionPercent: 100))
        try ask(rig, 500)
        try ask(rig, 500)
        let started = Machine.monotonicNs
        try unavailable(rig)
        try Wire.wait(for: "its return") { try isOut(rig, 0) ? nil : () }
        #expect(Machine.monotonicNs - started > 80_000_000)
        try ask(rig, 500)
        #expect(try !isOut(rig, 0))
        try ask(rig, 200)
        #expect(try protection(rig, .ejectionsActive) == 0)
        #expect(try rig.cluster(.membershipHealthy) == 1)
        // In time nobody looks any more.
        try Wire.wait(for: "rest") {
            try rig.onLoop { $0.cluster(at: 0).watch == nil } ? () : nil
        }
        try rig.settle()
    }

    @Test("consecutiveErrors of old: 500s are none, one 503 is")
    func gateway() throws {
        let rig = try rig(
            [try Backend()],
            OutlierPolicy(
                consecutive5xx: 0, consecutiveGatewayErrors: 1, maxEjectionPercent: 100))
        for _ in 0..<6 { try ask(rig, 500) }
        #expect(try !isOut(rig, 0))
        try ask(rig, 503)
        try unavailable(rig)
        #expect(try protection(rig, .ejectionsEnforcedConsecutiveGatewayFailure) == 1)
        #expect(try protection(rig, .ejectionsEnforcedConsecutive5xx) == 0)
        try rig.settle()
    }

    @Test(
        "connections that fail or break count as 503, or apart where errors are split",
        arguments: [false, true], [false, true])
    func broken(splits: Bool, isRefused: Bool) throws {
        let backend = try Backend()
        let port = isRefused ? try refusedPort() : backend.address.port
        let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
        let outliers = OutlierPolicy(
            consecutive5xx: splits ? 0 : 1, consecutiveLocalOriginFailures: splits ? 1 : 0,
            splitsLocalOrigin: splits, maxEjectionPercent: 100)
        let rig = try Rig(Self.plan([address], outliers), backends: [backend])
        let client = try rig.connect()
        try client.send(Self.get)
        if !isRefused {
            let wire = try rig.accept()
            _ = try wire.readHead()
            wire.reset()
        }
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try isOut(rig, 0))
        #expect(
            try protection(
                rig,
                splits
                    ? .ejectionsEnforcedConsecutiveLocalOriginFailure
                    : .ejectionsEnforcedConsecutive5xx) == 1)
        try rig.settle()
    }

    @Test("streams of HTTP/2 count as well: answers, resets, and calls that fail at once")
    func http2() throws {
        for part in ["status", "reset", "grpc"] {
            let backend = try Backend()
            let rig = try Rig(
                Self.plan(
                    [backend.address], OutlierPolicy(consecutive5xx: 1, maxEjectionPercent: 100),
                    speaks: .http2), backends: [backend])
            let client = try rig.connect()
            try client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                    + "Content-Type: application/grpc\r\n\r\n")
            let endpoint = try H2Endpoint(try rig.accept())
            let stream = try endpoint.request()
            switch part {
            case "status": try endpoint.answer(stream, status: 502)
            case "reset": try endpoint.reset(stream, 2)
            default:
                try endpoint.headers(
                    stream, [(":status", "200"), ("grpc-status", "14")], ends: true)
            }
            _ = try client.readHead()
            #expect(try isOut(rig, 0), "\(part)")
            try rig.settle()
        }
    }

    @Test("own codes take the place of 5xx")
    func ownCodes() throws {
        let rig = try rig(
            [try Backend()],
            OutlierPolicy(consecutive5xx: 1, errorCodes: [429], maxEjectionPercent: 100))
        try ask(rig, 503)
        #expect(try !isOut(rig, 0))
        try ask(rig, 429)
        #expect(try isOut(rig, 0))
        try rig.settle()
    }

    @Test("errors in a row are the process's, and so is being left out")
    func acrossWorkers() throws {
        let backend = try Backend()
        let outliers = OutlierPolicy(
            consecutive5xx: 2, intervalMs: 50, baseEjectionMs: 200, maxEjectionPercent: 100)
        let one = try rig([backend], outliers)
        let other = try rig([backend], outliers, counts: one.counts)
        try ask(one, 500)
        try ask(other, 500)
        for rig in [one, other] {
            try Wire.wait(for: "the news") { try isOut(rig, 0) ? () : nil }
        }
        for rig in [one, other] {
            try Wire.wait(for: "its return") { try isOut(rig, 0) ? nil : () }
        }
        other.closeWires()
        try one.settle()
        try other.settle()
    }

    @Test("who is out stays out over a reload that keeps it, also where the watch has to change")
    func reload() throws {
        let backends = [try Backend(), try Backend()]
        let outliers = OutlierPolicy(consecutive5xx: 1, maxEjectionPercent: 50)
        let rig = try rig(backends, outliers)
        let bad = try ask(rig, 500)
        let changed = OutlierPolicy(consecutive5xx: 3, maxEjectionPercent: 50)
        try rig.adopt(Self.plan(backends.map(\.address), changed))
        #expect(try isOut(rig, bad))
        #expect(try ask(rig, 200) == 1 - bad)
        try rig.adopt(Self.plan([backends[bad].address], changed))
        #expect(try isOut(rig, 0))
        // Gone and come again it is another endpoint, and without a policy nobody is out.
        try rig.adopt(Self.plan([backends[1 - bad].address], changed))
        try rig.adopt(Self.plan(backends.map(\.address), changed))
        #expect(try !isOut(rig, bad))
        #expect(try protection(rig, .ejectionsActive) == 0)
        for _ in 0..<3 { _ = try ask(rig, 500) }
        try rig.adopt(Self.plan(backends.map(\.address), nil))
        #expect(try !isOut(rig, 0) && !isOut(rig, 1))
        #expect(rig.counts.health.count == 0)
        try rig.settle()
    }
}
