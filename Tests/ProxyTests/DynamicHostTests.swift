// Hosts that requests name, on a worker as it runs: names out of a hosts file, which is DNS enough.
// Backends stand on loopback, where no name may lead unless an object lists the address.
import Foundation
import Mesh
import Net
import Synchronization
import Telemetry
import Testing

@testable import Proxy

@Suite("hosts that requests name")
struct DynamicHostTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(prefix: "isthmus-hosts-")
        let hosts = "127.0.0.1 a.app.test b.app.test c.app.test\n169.254.169.254 meta.app.test\n"
        try Data(hosts.utf8).write(to: URL(filePath: "\(folder.path)/hosts"))
    }

    private var settings: ProxySettings {
        var settings = ProxySettings()
        settings.resolver.hostsPath = "\(folder.path)/hosts"
        // Nobody listens there: whatever is not in the file is not answered.
        settings.resolver.server = .v4(0x7f00_0001, port: 1)
        settings.resolver.timeoutMs = 50
        settings.resolver.tries = 1
        return settings
    }

    /// `*.app.test` at the port of `backend`, which an object lists unless `isListed` says no.
    private static func plan(_ backend: Backend, isListed: Bool = true, pattern: String? = nil)
        -> Plan
    {
        let port = backend.address.port
        let listed = DynamicHosts.Exception(
            block: AddressBlock(high: 0, low: 0xffff_7f00_0000, length: 104), ports: [port])
        let template = Endpoint(
            address: "", port: 0, weight: 1, locality: "", labels: [:], workload: Workload(),
            origin: Plan.origin)
        var plan = Plan.forwarding(to: [])
        plan.clusters = [
            Cluster(
                name: "outbound|80||*.app.test", host: "*.app.test", serviceName: "*.app.test",
                namespace: "test", port: 80, subset: "", loadBalancing: .roundRobin,
                connectTimeoutMs: 2000, endpoints: [],
                dynamic: DynamicHosts(
                    template: template, pattern: pattern ?? "*.app.test", port: port,
                    exceptions: isListed ? [listed] : []),
                origins: [])
        ]
        return plan
    }

    private func get(_ host: String) -> String { "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n" }

    @Test("each host has connections of its own, and keeps them")
    func called() throws {
        let backend = try Backend()
        let rig = try Rig(Self.plan(backend), backends: [backend], settings: settings)
        let client = try rig.connect()
        try client.send(get("a.app.test"))
        let first = try rig.accept()
        try first.serve()
        try client.readOK()
        try client.send(get("A.App.Test:80"))
        try first.serve()
        try client.readOK()
        try client.send(get("b.app.test"))
        try rig.accept().serve()
        try client.readOK()
        let hosts = try rig.onLoop { $0.cluster(at: 0).dynamic?.endpoints.map(\.endpoint.address) }
        #expect(hosts.map(Set.init) == ["a.app.test", "b.app.test"])
        try rig.settle()
    }

    @Test("an address that no object lists is not dialled, and operators hear of it")
    func prohibited() throws {
        let backend = try Backend()
        var settings = settings
        let told = Told()
        settings.tellRefusal = { told.add($0) }
        let rig = try Rig(
            Self.plan(backend, isListed: false), backends: [backend], settings: settings)
        let client = try rig.connect()
        for (host, kind) in [("a.app.test", "loopback"), ("meta.app.test", "link-local")] {
            try client.send(get(host))
            let head = try client.readHead()
            #expect(head.hasPrefix("HTTP/1.1 502 "), "\(head)")
            let text = try client.read(to: "\n")
            #expect(text.contains("to which \(host) leads, is blocked: it is a \(kind) address"))
        }
        #expect(told.all.map(\.kind) == [.address, .address])
        #expect(told.all.first?.destination == "a.app.test:\(backend.address.port)")
        #expect(backend.acceptNow() == nil)
        #expect(try rig.onLoop { $0.sample().config[.egressBlockedAddressesTotal] } == 2)
        try rig.settle()
    }

    @Test("a name beyond the pattern is not looked up, and one DNS does not know is 503")
    func refused() throws {
        let backend = try Backend()
        let rig = try Rig(Self.plan(backend), backends: [backend], settings: settings)
        let client = try rig.connect()
        for (host, status) in [("a.other.test", 502), ("app.test", 502), ("gone.app.test", 503)] {
            try client.send(get(host))
            let head = try client.readHead()
            #expect(head.hasPrefix("HTTP/1.1 \(status) "), "\(host): \(head)")
            #expect(try client.read(to: "\n").contains(host))
        }
        #expect(try rig.onLoop { $0.nameCache.counts.total } == 1)
        try rig.settle()
    }

    @Test("a host that may not be called any more loses its connections with the configuration")
    func withdrawn() throws {
        let backend = try Backend()
        let rig = try Rig(Self.plan(backend), backends: [backend], settings: settings)
        let client = try rig.connect()
        try client.send(get("a.app.test"))
        let upstream = try rig.accept()
        try upstream.serve()
        try client.readOK()
        try rig.adopt(Self.plan(backend, pattern: "*.b.app.test"))
        #expect(try upstream.readToEnd().text.isEmpty)
        try client.send(get("a.app.test"))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 502 "))
        try rig.settle()
    }

    @Test("a full table lets hosts go that nobody calls now, and answers 503 where there are none")
    func full() throws {
        let backend = try Backend()
        var settings = settings
        settings.limits.calledEndpointsMax = 1
        let rig = try Rig(Self.plan(backend), backends: [backend], settings: settings)
        let client = try rig.connect()
        try client.send(get("a.app.test"))
        let first = try rig.accept()
        _ = try first.readHead()
        let other = try rig.connect()
        try other.send(get("b.app.test"))
        let refused = try other.readHead()
        #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
        _ = try other.read(to: "\n")
        try first.send(PlainRequest.ok)
        try client.readOK()
        try other.send(get("b.app.test"))
        try rig.accept().serve()
        try other.readOK()
        #expect(try first.readToEnd().text.isEmpty, "its host has left")
        try rig.settle()
    }

    @Test("a full table lets go of the one host that was called longest ago, and keeps the others")
    func fullOfIdle() throws {
        let backend = try Backend()
        var settings = settings
        settings.limits.calledEndpointsMax = 2
        let rig = try Rig(Self.plan(backend), backends: [backend], settings: settings)
        let client = try rig.connect()
        var wires: [Wire] = []
        for host in ["a.app.test", "b.app.test"] {
            try client.send(get(host))
            wires.append(try rig.accept())
            try wires[wires.count - 1].serve()
            try client.readOK()
            // The next one is called in another millisecond.
            try Wire.wait(for: "time to pass") { [now = try rig.onLoop { $0.loop.nowMs }] in
                try rig.onLoop { $0.loop.nowMs } > now ? () : nil
            }
        }
        try client.send(get("a.app.test"))
        try wires[0].serve()
        try client.readOK()
        try client.send(get("c.app.test"))
        try rig.accept().serve()
        try client.readOK()
        #expect(try wires[1].readToEnd().text.isEmpty, "called longest ago")
        try client.send(get("a.app.test"))
        try wires[0].serve()
        try client.readOK()
        try rig.settle()
    }

    @Test("a host without a connection may always have one, whatever others hold of the limit")
    func limited() throws {
        let backend = try Backend()
        var plan = Self.plan(backend)
        let rig = try Rig(plan, backends: [backend], settings: settings)
        let client = try rig.connect()
        try client.send(get("a.app.test"))
        let unlimited = try rig.accept()
        try unlimited.serve()
        try client.readOK()
        plan.limit(PoolLimitTests.limits { $0.connections = 1 })
        try rig.adopt(plan)
        #expect(try unlimited.readToEnd().text.isEmpty, "made by other settings")
        for host in ["a.app.test", "b.app.test"] {
            try client.send(get(host))
            try rig.accept().serve()
            try client.readOK()
        }
        let limits = { try rig.onLoop { $0.cluster(at: 0).limits?.connections.value } }
        #expect(try limits() == 2)
        // A second one at the same host waits for the first.
        let other = try rig.connect()
        try client.send(get("a.app.test"))
        try other.send(get("a.app.test"))
        try Wire.wait(for: "a request that waits") {
            try rig.sample.clusters["outbound|80||*.app.test"]?[.upstreamRqPendingActive] == 1
                ? () : nil
        }
        try rig.adopt(Self.plan(backend))
        #expect(try limits() == nil)
        try rig.settle()
    }

    private static func plan(_ backend: Backend, leavingOut outliers: OutlierPolicy) -> Plan {
        var plan = plan(backend)
        plan.limit(nil, outliers: outliers)
        return plan
    }

    /// Asks for `host` and answers with `status`, which the client gets.
    private func ask(_ rig: Rig, _ host: String, _ status: Int) throws {
        let client = try rig.connect()
        try client.send(get(host))
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 \(status) "))
        upstream.close()
        client.close()
    }

    private func isLeftOut(_ rig: Rig, _ host: String) throws -> Bool {
        try rig.onLoop { worker in
            worker.cluster(at: 0).dynamic?.endpoints
                .contains { $0.endpoint.address == host && $0.isEjected } == true
        }
    }

    @Test("a host that fails too often is left out, alone, and comes back after its time")
    func leftOut() throws {
        let backend = try Backend()
        let outliers = OutlierPolicy(
            consecutive5xx: 2, intervalMs: 50, baseEjectionMs: 100, maxEjectionPercent: 100)
        let rig = try Rig(
            Self.plan(backend, leavingOut: outliers), backends: [backend], settings: settings)
        try ask(rig, "a.app.test", 503)
        try ask(rig, "b.app.test", 200)
        try ask(rig, "a.app.test", 500)
        let client = try rig.connect()
        try client.send(get("a.app.test"))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(
            try client.read(to: "\n")
                == "no healthy upstream: a.app.test has failed too often and is left out "
                + "(outlierDetection)\n")
        #expect(backend.acceptNow() == nil)
        try ask(rig, "b.app.test", 200)
        try Wire.wait(for: "its return") { try isLeftOut(rig, "a.app.test") ? nil : () }
        try ask(rig, "a.app.test", 200)
        try rig.settle()
    }

    @Test("of hosts in use no more are left out than the policy allows")
    func mostStay() throws {
        let backend = try Backend()
        let outliers = OutlierPolicy(consecutive5xx: 1, maxEjectionPercent: 50)
        let rig = try Rig(
            Self.plan(backend, leavingOut: outliers), backends: [backend], settings: settings)
        try ask(rig, "a.app.test", 500)
        #expect(try !isLeftOut(rig, "a.app.test"), "it is the only one")
        try ask(rig, "b.app.test", 500)
        #expect(try isLeftOut(rig, "b.app.test"))
        try ask(rig, "a.app.test", 500)
        #expect(try !isLeftOut(rig, "a.app.test"))
        try rig.settle()
    }

    @Test("a host that one worker leaves out comes back though its worker has let it go")
    func returnsElsewhere() {
        let health = ClusterHealth()
        let policy = OutlierPolicy(consecutive5xx: 1, maxEjectionPercent: 100)
        let key = EndpointKey.host("a.app.test", port: 80)
        let record = health.endpoints.enter(key) { EndpointHealth() }
        _ = health.endpoints.enter(key) { EndpointHealth() }
        _ = health.eject(key, record, ofHosts: 1, policy, nowMs: 0)
        #expect(!health.endpoints.leave(key), "another worker calls it")
        #expect(health.check(policy, nowMs: policy.baseEjectionMs) == [key])
        let isEjected = record.isEjected.load(ordering: .relaxed)
        #expect(!isEjected)
    }

    @Test("a cluster that has gone is not kept by who still waited for a name")
    func gone() throws {
        let worker = Worker(loop: try Loop(), settings: settings, counts: ProcessCounts())
        let literal = "192.0.2.1"
        weak var kept: ClusterState?
        do {
            let cluster = ClusterState(
                Self.plan(try Backend(), pattern: "192.0.2.1").clusters[0], worker: worker)
            let table = try #require(cluster.dynamic)
            cluster.retire()
            let finding = Array(literal.utf8).withView { table.find($0, port: 80) }
            guard case .host(let endpoint) = finding else {
                Issue.record("\(finding)")
                return
            }
            #expect(endpoint.isRetired)
            kept = cluster
        }
        #expect(kept == nil)
    }

    @Test("so many refusals are told a second; the next says how many were not")
    func bounded() {
        var record = RefusalRecord()
        var told: [UInt64] = []
        for _ in 0..<25 {
            guard let untold = record.add(.host, nowNs: 5_000_000_000, linesMax: 10) else {
                continue
            }
            told.append(untold)
        }
        #expect(told == [UInt64](repeating: 0, count: 10))
        #expect(record.add(.port, nowNs: 6_000_000_000, linesMax: 10) == 15)
        #expect(record.add(.port, nowNs: 6_000_000_001, linesMax: 10) == 0)
        #expect(record[.host] == 25 && record[.port] == 2 && record[.address] == 0)
    }
}

/// What a worker told, read on the test's thread.
private final class Told: Sendable {
    private let refusals = Mutex<[Refusal]>([])
    func add(_ refusal: Refusal) { refusals.withLock { $0.append(refusal) } }
    var all: [Refusal] { refusals.withLock { $0 } }
}
