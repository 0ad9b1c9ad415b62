// Where copies go and how many: Istio's MirrorPercent with its three spellings.
// A destination that nobody knows costs a warning, never an answer.
import Spec
import Testing

@testable import Mesh

@Suite struct MirrorPolicyTests {
    private static func world(_ fields: String) -> World {
        World(
            Piece.gateway(), Piece.served("a"), Piece.served("b"),
            Piece.virtualService(http: Piece.to("a") + "\n" + fields.indented(2)))
    }

    private static func policy(_ fields: String) -> RoutePolicy? {
        guard case .forward(let forward) = world(fields).route()?.action else { return nil }
        return forward.policy
    }

    private static let shares: [(String, UInt32?)] = [
        ("", 1_000_000),
        ("mirrorPercentage: {value: 100}", 1_000_000),
        ("mirrorPercentage: {value: 0.0001}", 1),
        ("mirrorPercentage: {value: 12.5}", 125_000),
        ("mirrorPercentage: {value: 0}", nil),
        ("mirrorPercentage: {}", nil),
        ("mirrorPercent: 30", 300_000),
        ("mirror_percent: 30", 300_000),
        ("mirrorPercent: 0", nil),
        ("mirrorPercentage: {value: 5}\nmirror_percent: 30", 50_000),
    ]

    @Test("nothing said is everything, 0 is nothing, and the newer field wins", arguments: shares)
    func share(_ field: String, _ millionths: UInt32?) throws {
        let policy = try #require(Self.policy("mirror: {host: b}\n" + field))
        #expect(policy.mirrors.first?.share == millionths)
        #expect(
            policy.mirrors.first?.forward.destinations[0].clusterName
                == (millionths == nil ? nil : "outbound|80||b.default.svc.cluster.local"))
    }

    @Test("several mirrors keep their order and shares")
    func several() throws {
        let policy = try #require(
            Self.policy(
                "mirrors: [{destination: {host: b}, percentage: {value: 50}}, "
                    + "{destination: {host: a}}]"))
        #expect(policy.mirrors.map(\.share) == [500_000, 1_000_000])
        #expect(
            policy.steps == [
                "mirror 50 % of the requests to outbound|80||b.default.svc.cluster.local",
                "mirror 100 % of the requests to outbound|80||a.default.svc.cluster.local",
            ])
    }

    @Test("a copy waits as long as its original may, and is sent once")
    func patience() throws {
        let policy = try #require(Self.policy("mirror: {host: b}\ntimeout: 2s"))
        let copy = try #require(policy.mirrors.first?.forward.policy)
        #expect(copy.timeoutMs == 2000)
        #expect(copy.retry == nil)
        #expect(copy.mirrors.isEmpty)
        #expect(policy.retry == .standard)
    }

    @Test("a mirror that nobody knows is left out with a warning that says so")
    func unknown() throws {
        let world = Self.world("mirror: {host: bb}")
        guard case .forward(let forward) = try #require(world.route()).action else {
            Issue.record("not forwarded")
            return
        }
        #expect(forward.policy.mirrors.isEmpty)
        let warning = try #require(world.diagnostics.first { "\($0)".contains("mirror") })
        #expect(!warning.isError)
        #expect("\(warning)".contains("nothing is mirrored"))
    }

    @Test("another share is another way to serve, the same one is not")
    func difference() {
        let world = Self.world("mirror: {host: b}")
        func next(_ fields: String) -> SnapshotDifference {
            SnapshotDifference(from: world.snapshot, to: Self.world(fields).snapshot)
        }
        #expect(next("mirror: {host: b}").virtualHosts.isEmpty)
        #expect(
            next("mirror: {host: b}\nmirrorPercent: 5").virtualHosts.changed.count == 1)
        #expect(next("mirror: {host: a}").virtualHosts.changed.count == 1)
    }
}
