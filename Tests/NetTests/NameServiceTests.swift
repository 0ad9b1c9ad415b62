// Names kept fresh for a process: who is told what, and how long anybody waits.
import Foundation
import Net
import Synchronization
import Testing

@Suite("keeping names fresh") struct NameServiceTests {
    /// A loop on a thread of its own with a service on it, and what the service told.
    private final class Desk: Sendable {
        private final class Box: @unchecked Sendable { var service: NameService? }

        private let mailbox: Mailbox
        private let box = Box()
        private let heard = Mutex<[String]>([])

        init(_ server: NameServer, timeoutMs: Int32 = 2_000) throws {
            let thread = try LoopThread.start(name: "test") { _ in nil }
            mailbox = thread.mailbox
            let box = box
            mailbox.post { [weak self] loop in
                var settings = ResolverSettings()
                settings.server = server.address
                settings.hostsPath = "/dev/null"
                settings.timeoutMs = timeoutMs
                settings.tries = 1
                box.service = NameService(settings, loop: loop) { changes in
                    for change in changes { self?.hear(change) }
                }
            }
        }

        deinit {
            let box = box
            mailbox.post { loop in
                box.service = nil
                loop.stop()
            }
        }

        private func hear(_ change: NameChange) {
            let text = change.addresses.map { $0.map(\.host).joined(separator: " ") } ?? "forgotten"
            heard.withLock { $0.append("\(change.name): \(text)") }
        }

        var told: [String] { heard.withLock { $0 } }

        func ask<R: Sendable>(_ body: @escaping @Sendable (NameService) -> R) async -> R? {
            await withCheckedContinuation { continuation in
                let box = box
                mailbox.post { _ in continuation.resume(returning: box.service.map(body)) }
            }
        }

        /// Adds the names and waits for their answers; what had been told by then.
        func add(_ names: Set<String>, withinMs limit: UInt64) async -> [String] {
            await withCheckedContinuation { continuation in
                let box = box
                mailbox.post { _ in
                    box.service?.add(names)
                    box.service?.whenAnswered(names, withinMs: limit) {
                        continuation.resume(returning: self.told)
                    }
                }
            }
        }

        func until(_ holds: (Desk) async -> Bool) async throws {
            let clock = ContinuousClock.now
            while await !holds(self) {
                try #require(clock.duration(to: .now) < .seconds(20), "told: \(told)")
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private static func server(
        _ book: @escaping @Sendable (String) -> NameServer.Answer
    ) throws -> NameServer {
        try NameServer { name, kind in kind == .a ? book(name) : .code(0) }
    }

    @Test("whoever waits for names finds them told")
    func first() async throws {
        let server = try Self.server { name in
            name == "gone.test" ? .code(3) : .addresses(["127.0.0.5"], ttl: 3600)
        }
        // Beside all other tests, minutes may pass between two lines of this one.
        let desk = try Desk(server, timeoutMs: 600_000)
        let told = await desk.add(["one.test", "gone.test"], withinMs: 20_000)
        #expect(Set(told) == ["one.test: 127.0.0.5", "gone.test: "])
        // What is known needs no waiting, and nobody to ask.
        #expect(await desk.add(["one.test"], withinMs: 20_000) == told)
        #expect(server.count("one.test") == 2, "A and AAAA, once")
    }

    @Test("a silent resolver is waited for as long as was said, and no longer")
    func silence() async throws {
        let server = try Self.server { _ in .silence }
        let desk = try Desk(server, timeoutMs: 600_000)
        #expect(await desk.add(["one.test"], withinMs: 30).isEmpty)
        try await desk.until { _ in server.count("one.test") == 2 }
    }

    @Test("names ask again when their TTL is over, and tell of changes alone")
    func refresh() async throws {
        let server = try Self.server { _ in .addresses(["127.0.0.5"], ttl: 1) }
        let desk = try Desk(server)
        _ = await desk.add(["one.test"], withinMs: 20_000)
        try await desk.until { _ in server.count("one.test") >= 4 }
        #expect(desk.told == ["one.test: 127.0.0.5"])
        server.answer { _, kind in
            kind == .a ? .addresses(["127.0.0.6"], ttl: 1) : .code(0)
        }
        try await desk.until { $0.told.last == "one.test: 127.0.0.6" }
        server.answer { _, _ in .silence }
        try await desk.until { await $0.ask { $0.staleCount } == 1 }
        #expect(desk.told.count == 2)
    }

    @Test("names that are no longer wanted are forgotten and not asked for again")
    func forgotten() async throws {
        let server = try Self.server { _ in .addresses(["127.0.0.5"], ttl: 1) }
        let desk = try Desk(server)
        _ = await desk.add(["one.test", "two.test"], withinMs: 20_000)
        _ = await desk.ask { $0.keepOnly(["two.test"]) }
        let before = server.count("one.test")
        let others = server.count("two.test")
        try await desk.until { _ in server.count("two.test") >= others + 2 }
        #expect(server.count("one.test") == before)
        #expect(desk.told.contains("one.test: forgotten"))
        #expect(await desk.ask { $0["one.test"] == nil && $0.count == 1 } == true)
    }
}
