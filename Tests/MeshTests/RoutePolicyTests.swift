// What a rule's timeout, retries and faults come to once every default is filled in.
// Istio's documentation and its code differ here in several places; the code is what is tested.
import Spec
import Testing

@testable import Mesh

@Suite struct RoutePolicyTests {
    private static func world(_ fields: String) -> World {
        World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(http: Piece.to("a") + "\n" + fields.indented(2)))
    }

    private static func forward(_ world: World) -> Forward? {
        guard case .forward(let forward) = world.route()?.action else { return nil }
        return forward
    }

    private static func policy(_ fields: String) -> RoutePolicy? {
        forward(world(fields))?.policy
    }

    @Test("a rule that says nothing is tried three times, and waits for ever")
    func standard() throws {
        let policy = try #require(Self.policy(""))
        #expect(policy === RoutePolicy.standard)
        #expect(policy.timeoutMs == 0)
        #expect(policy.fault == nil)
        let retry = try #require(policy.retry)
        #expect(retry.attempts == 2)
        #expect(
            retry.conditions == [
                .connectFailure, .refusedStream, .unavailable, .cancelled, .statusCodes,
            ])
        #expect(retry.statuses.isEmpty)
        #expect(retry.backoffMs == 25)
        #expect(retry.perTryTimeoutMs == 0)
        #expect(retry.avoidsPreviousHosts)
        #expect(!retry.reachesOtherLocalities)
    }

    private static let timeouts: [(String, UInt32)] = [
        ("0.5s", 500), ("0s", 0), ("2500ms", 2500), ("1h", 3_600_000),
    ]

    @Test("a timeout of zero is none", arguments: timeouts)
    func timeout(_ text: String, _ milliseconds: UInt32) {
        #expect(Self.policy("timeout: \(text)")?.timeoutMs == milliseconds)
    }

    @Test(
        "retries without attempts are off", arguments: ["retries: {}", "retries: {attempts: 0}"])
    func off(_ fields: String) throws {
        let policy = try #require(Self.policy(fields))
        #expect(policy.retry == nil)
        #expect(policy.steps == ["try once, without retries"])
    }

    @Test("what is said replaces the default, but an empty retryOn keeps the default's conditions")
    func replaced() throws {
        let retry = try #require(
            Self.policy("retries: {attempts: 5, perTryTimeout: 2s, backoff: 10ms}")?.retry)
        #expect(retry.attempts == 5)
        #expect(retry.perTryTimeoutMs == 2000)
        #expect(retry.backoffMs == 10)
        #expect(retry.conditions == .standard)
    }

    @Test("statuses stand among the conditions, with blanks around the commas")
    func statuses() throws {
        let retry = try #require(
            Self.policy("retries: {attempts: 1, retryOn: '503, connect-failure ,429'}")?.retry)
        #expect(retry.conditions == [.connectFailure, .statusCodes])
        #expect(retry.statuses == [429, 503])
    }

    @Test("every name that is accepted means something", arguments: HTTPRetry.conditions)
    func names(_ name: String) throws {
        let retry = try #require(Self.policy("retries: {attempts: 1, retryOn: \(name)}")?.retry)
        #expect(retry.conditions == RetryConditions(named: name))
        #expect(!retry.conditions.isEmpty)
    }

    @Test("the names are the same wherever they stand")
    func sameNames() {
        #expect(RetryConditions.names.map(\.name) == HTTPRetry.conditions)
        let all = RetryConditions.names.reduce(into: RetryConditions()) { $0.insert($1.condition) }
        #expect(all.rawValue.nonzeroBitCount == HTTPRetry.conditions.count)
    }

    @Test("a try that may take as long as the whole has no limit of its own")
    func perTryBeyondTimeout() {
        func perTry(_ fields: String) -> UInt32? { Self.policy(fields)?.retry?.perTryTimeoutMs }
        #expect(perTry("timeout: 2s\nretries: {attempts: 2, perTryTimeout: 2s}") == 0)
        #expect(perTry("timeout: 3s\nretries: {attempts: 2, perTryTimeout: 2s}") == 2000)
        #expect(perTry("retries: {attempts: 2, perTryTimeout: 2s}") == 2000)
    }

    @Test("where a request goes again can be said")
    func places() throws {
        let retry = try #require(
            Self.policy(
                "retries: {attempts: 1, retryRemoteLocalities: true, "
                    + "retryIgnorePreviousHosts: false}")?.retry)
        #expect(retry.reachesOtherLocalities)
        #expect(!retry.avoidsPreviousHosts)
    }

    @Test("shares are counted in millionths, and one of them is not lost")
    func fractions() throws {
        let fault = try #require(
            Self.policy(
                "fault: {delay: {fixedDelay: 7s, percentage: {value: 0.0001}}, "
                    + "abort: {httpStatus: 555, percentage: {value: 0.0003}}}")?.fault)
        #expect(fault.delay == .init(milliseconds: 7000, share: 1))
        #expect(fault.abort == .http(555))
        #expect(fault.abortShare == 3)
    }

    @Test("the old percent counts where percentage is absent")
    func percent() {
        let fault = Self.policy("fault: {delay: {fixedDelay: 2s, percent: 100}}")?.fault
        #expect(fault?.delay == .init(milliseconds: 2000, share: 1_000_000))
    }

    @Test(
        "without any share nothing is broken",
        arguments: [
            "fault: {delay: {fixedDelay: 2s}}", "fault: {abort: {httpStatus: 500}}",
            "fault: {abort: {httpStatus: 500, percentage: {}}}",
        ])
    func noShare(_ fields: String) {
        #expect(Self.policy(fields) === RoutePolicy.standard)
    }

    @Test(
        "a gRPC status is a name or a number",
        arguments: [("UNAVAILABLE", 14), ("14", 14), ("OK", 0)] as [(String, UInt8)])
    func grpcStatus(_ text: String, _ number: UInt8) {
        let fault = Self.policy(
            "fault: {abort: {grpcStatus: \"\(text)\", percentage: {value: 100}}}")?.fault
        #expect(fault?.abort == .grpc(number))
    }

    @Test("rules alike share their policy and what they forward to; others do not")
    func shared() throws {
        let rules = ["timeout: 1s", "timeout: 1s", "timeout: 2s"].enumerated().map {
            "- match: [{uri: {prefix: /\($0.offset)}}]\n"
                + Piece.to("a").replacingFirst("- ", with: "  ") + "\n  \($0.element)"
        }
        let world = World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(http: rules.joined(separator: "\n")))
        let forwards = ["/0", "/1", "/2"].map { path -> Forward? in
            guard case .forward(let forward) = world.route(path)?.action else { return nil }
            return forward
        }
        #expect(forwards[0] != nil)
        #expect(forwards[0] === forwards[1])
        #expect(forwards[0] !== forwards[2])
        #expect(forwards[2]?.policy.timeoutMs == 2000)
    }

    @Test("another timeout is another way to serve, the same one is not")
    func difference() {
        let world = Self.world("timeout: 1s")
        func next(_ fields: String) -> SnapshotDifference {
            SnapshotDifference(from: world.snapshot, to: Self.world(fields).snapshot)
        }
        #expect(next("timeout: 1s").virtualHosts.isEmpty)
        #expect(next("timeout: 2s").virtualHosts.changed.count == 1)
    }

    @Test("what a policy does is told in words")
    func words() {
        let policy = Self.policy(
            "timeout: 2.5s\nretries: {attempts: 3, perTryTimeout: 500ms, retryOn: '5xx,409'}\n"
                + "fault: {delay: {fixedDelay: 7s, percentage: {value: 12.5}}, "
                + "abort: {grpcStatus: UNAVAILABLE, percentage: {value: 0.0001}}}")
        #expect(
            policy?.steps == [
                "delay 12.5 % of the requests by 7s",
                "abort 0.0001 % of the requests with gRPC status 14",
                "give up after 2.5s: 504 UT",
                "try up to 3 times more on 5xx,409, 500ms a try",
            ])
    }
}

extension String {
    fileprivate func replacingFirst(_ text: String, with other: String) -> String {
        hasPrefix(text) ? other + dropFirst(text.count) : self
    }
}
