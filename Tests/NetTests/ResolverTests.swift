// Looking names up: what answers mean, how long they hold, and that what hangs holds up nobody.
import Foundation
import Net
import Synchronization
import Testing

@Suite("looking names up") struct ResolverTests {
    /// A loop on a thread of its own with a resolver on it.
    private final class Desk: Sendable {
        private let mailbox: Mailbox
        private let settings: ResolverSettings
        private let box = Box()

        private final class Box: @unchecked Sendable { var resolver: Resolver? }

        init(_ server: NameServer?, _ change: (inout ResolverSettings) -> Void = { _ in }) throws {
            var settings = ResolverSettings()
            settings.server = server?.address
            settings.hostsPath = "/dev/null"
            change(&settings)
            self.settings = settings
            let thread = try LoopThread.start(name: "test") { _ in nil }
            mailbox = thread.mailbox
        }

        deinit {
            let box = box
            mailbox.post { loop in
                box.resolver = nil
                loop.stop()
            }
        }

        /// What a look-up brought, the complete answer last.
        func ask(_ name: String, isSuspect: Bool = false) async -> [NameAnswer] {
            await withCheckedContinuation { continuation in
                let (box, settings) = (box, settings)
                mailbox.post { loop in
                    if box.resolver == nil { box.resolver = Resolver(settings, loop: loop) }
                    var answers: [NameAnswer] = []
                    box.resolver?.lookUp(name, isSuspect: isSuspect) { answer in
                        answers.append(answer)
                        if answer.isComplete { continuation.resume(returning: answers) }
                    }
                }
            }
        }

        /// Asks for all of these in one go; the problem of the last to be answered.
        func askAll(_ names: [String]) async -> NameProblem? {
            await withCheckedContinuation { continuation in
                let (box, settings) = (box, settings)
                mailbox.post { loop in
                    if box.resolver == nil { box.resolver = Resolver(settings, loop: loop) }
                    var missing = names.count
                    for name in names {
                        box.resolver?.lookUp(name) { answer in
                            guard answer.isComplete else { return }
                            missing -= 1
                            guard missing == 0 else { return }
                            guard case .none(let problem) = answer.v4 else {
                                continuation.resume(returning: nil)
                                return
                            }
                            continuation.resume(returning: problem)
                        }
                    }
                }
            }
        }

        func counts() async -> ResolverCounts? {
            await withCheckedContinuation { continuation in
                let box = box
                mailbox.post { _ in continuation.resume(returning: box.resolver?.counts) }
            }
        }
    }

    private func v4(_ texts: String..., ttl: UInt32) throws -> NameAnswer.Family {
        .addresses(
            try texts.map { try #require(SocketAddress(host: $0, port: 0)) }, ttlSeconds: ttl)
    }

    @Test("both families come back, each with its TTL")
    func families() async throws {
        let server = try NameServer { _, kind in
            kind == .a
                ? .addresses(["127.0.0.5", "127.0.0.6"], ttl: 30) : .addresses(["::1"], ttl: 7)
        }
        let answer = try #require(try await Desk(server).ask("two.test").last)
        #expect(answer.v4 == (try v4("127.0.0.5", "127.0.0.6", ttl: 30)))
        #expect(answer.v6 == (try v4("::1", ttl: 7)))
    }

    @Test("an alias that ends sooner than its addresses decides how long they hold")
    func alias() async throws {
        let server = try NameServer { _, kind in
            kind == .a
                ? .addresses(["127.0.0.5"], ttl: 300, alias: ("real.test", ttl: 4)) : .code(0)
        }
        let answer = try #require(try await Desk(server).ask("alias.test").last)
        #expect(answer.v4 == (try v4("127.0.0.5", ttl: 4)))
        #expect(answer.v6 == .none(.noAddress))
    }

    @Test(
        "what the server says is told apart",
        arguments: [
            (NameServer.Answer.code(3), NameProblem.noSuchName), (.code(0), .noAddress),
            (.code(2), .serverFailed), (.code(5), .refused), (.silence, .timeout),
        ])
    func problems(_ said: NameServer.Answer, _ problem: NameProblem) async throws {
        let server = try NameServer { _, _ in said }
        let desk = try Desk(server) {
            $0.timeoutMs = problem == .timeout ? 50 : 60_000
            $0.tries = 1
        }
        let answers = await desk.ask("gone.test")
        #expect(answers == [NameAnswer(v4: .none(problem), v6: .none(problem))])
        let counts = await desk.counts()
        #expect(counts?.pending == 0)
        #expect(counts?.notFound == (problem.isFinal ? 1 : 0))
        #expect(counts?.timeouts == (problem == .timeout ? 1 : 0))
    }

    @Test("addresses of one family do not wait for a silent other")
    func partial() async throws {
        let server = try NameServer { _, kind in
            kind == .a ? .addresses(["127.0.0.5"], ttl: 30) : .silence
        }
        let desk = try Desk(server) {
            $0.timeoutMs = 2_000
            $0.tries = 1
            $0.resolutionDelayMs = 10
        }
        let answers = await desk.ask("half.test")
        let found = try v4("127.0.0.5", ttl: 30)
        #expect(
            answers == [
                NameAnswer(v4: found, v6: .pending), NameAnswer(v4: found, v6: .none(.timeout)),
            ])
    }

    @Test("an answer too long for a datagram comes by TCP")
    func truncated() async throws {
        let many = (1...40).map { "127.0.1.\($0)" }
        let server = try NameServer { _, kind in
            kind == .a ? .truncated(many, ttl: 9) : .code(0)
        }
        let answer = try #require(try await Desk(server).ask("many.test").last)
        guard case .addresses(let found, ttlSeconds: 9) = answer.v4 else {
            Issue.record("\(answer)")
            return
        }
        #expect(found.map(\.host) == many)
    }

    @Test("names that failed before leave room for others")
    func suspects() async throws {
        let server = try NameServer { name, kind in
            name == "alive.test" && kind == .a ? .addresses(["127.0.0.5"], ttl: 30) : .silence
        }
        let desk = try Desk(server) {
            $0.timeoutMs = 600_000
            $0.tries = 1
            $0.lookUpsMax = 2
            $0.suspectLookUpsMax = 1
            $0.resolutionDelayMs = 0
        }
        // Nobody waits for these; each takes longer than this test.
        for number in 0..<20 {
            Task { await desk.ask("dead-\(number).test", isSuspect: true) }
        }
        while server.count("dead-0.test")
            + (1..<20).map({ server.count("dead-\($0).test") })
            .reduce(0, +) == 0
        { try await Task.sleep(for: .milliseconds(2)) }
        Task { await desk.ask("alive.test") }
        let clock = ContinuousClock.now
        while server.count("alive.test") == 0, clock.duration(to: .now) < .seconds(20) {
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(server.count("alive.test") > 0)
        let asked = (0..<20).count { server.count("dead-\($0).test") > 0 }
        #expect(asked == 1, "only one of the dead names may be under way")
    }

    @Test("a long line of names that cannot even be asked for is gone through on a flat stack")
    func failingLine() async throws {
        let server = try NameServer { _, _ in .code(3) }
        let desk = try Desk(server) { $0.lookUpsMax = 1 }
        // A label of 64 bytes fails as it is asked for, like any name while there is no network.
        let bad = String(repeating: "a", count: 64)
        let names = ["first.test"] + (0..<50_000).map { "\(bad).test\($0)" }
        #expect(await desk.askAll(names) == .badName)
        #expect(await desk.counts()?.pending == 0)
    }

    @Test("the hosts file comes first, and is read again when it changes")
    func hosts() async throws {
        let server = try NameServer { _, kind in
            kind == .a ? .addresses(["127.0.0.9"], ttl: 30) : .code(0)
        }
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("hosts-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "# mine\n127.0.0.2\tApp.test  app # both\n::1 app.test\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        let desk = try Desk(server) { $0.hostsPath = path }
        let first = try #require(await desk.ask("app.test").last)
        #expect(first == NameAnswer(v4: try v4("127.0.0.2", ttl: 5), v6: try v4("::1", ttl: 5)))
        #expect(server.count("app.test") == 0)
        try "127.0.0.3 app.test\n".write(toFile: path, atomically: true, encoding: .utf8)
        let second = try #require(await desk.ask("app.test").last)
        #expect(second == NameAnswer(v4: try v4("127.0.0.3", ttl: 5), v6: .none(.noAddress)))
        try "".write(toFile: path, atomically: true, encoding: .utf8)
        let third = try #require(await desk.ask("app.test").last)
        #expect(third.v4 == (try v4("127.0.0.9", ttl: 30)))
    }

    @Test("resolv.conf names the domains to search, also after it changed")
    func configuration() async throws {
        let server = try NameServer { name, kind in
            switch name {
            case "app.one.test" where kind == .a: .addresses(["127.0.0.5"], ttl: 30)
            case "app.two.test" where kind == .a: .addresses(["127.0.0.6"], ttl: 30)
            default: .code(3)
            }
        }
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("resolv-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "search one.test\n".write(toFile: path, atomically: true, encoding: .utf8)
        let desk = try Desk(server) { $0.configurationPath = path }
        #expect(try await desk.ask("app").last?.v4 == v4("127.0.0.5", ttl: 30))
        try "search two.test more.test\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try await desk.ask("app").last?.v4 == v4("127.0.0.6", ttl: 30))
    }
}
