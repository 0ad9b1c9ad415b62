// Names looked up when somebody calls them: who waits, who is asked again, and who leaves.
// With a name server of the tests' own, as what is asked of it is what counts.
import Foundation
import Net
import Synchronization
import Testing

@Suite("names looked up when they are called") struct NameCacheTests {
    /// A loop on a thread of its own with a cache on it, and the names that left it.
    private final class Desk: Sendable {
        private final class Box: @unchecked Sendable {
            var cache: NameCache?
            var waits: [NameWait] = []
        }

        private let mailbox: Mailbox
        private let box = Box()
        private let gone = Mutex<[String]>([])

        init(
            _ server: NameServer, search: String? = nil,
            _ change: (inout NameCache.Limits) -> Void = { _ in }
        ) throws {
            var settings = ResolverSettings()
            settings.server = server.address
            settings.hostsPath = "/dev/null"
            settings.timeoutMs = 2_000
            settings.tries = 1
            if let search { settings.configurationPath = search }
            var limits = NameCache.Limits()
            change(&limits)
            let thread = try LoopThread.start(name: "test") { _ in nil }
            mailbox = thread.mailbox
            let box = box
            mailbox.post { [weak self, settings, limits] loop in
                box.cache = NameCache(settings, limits: limits, loop: loop) { name in
                    let text = name.text
                    self?.gone.withLock { $0.append(text) }
                }
            }
        }

        deinit {
            let box = box
            mailbox.post { loop in
                box.cache = nil
                loop.stop()
            }
        }

        var left: [String] { gone.withLock { $0 } }

        func ask<R: Sendable>(_ body: @escaping @Sendable (NameCache) -> R) async -> R? {
            await withCheckedContinuation { continuation in
                let box = box
                mailbox.post { _ in continuation.resume(returning: box.cache.map(body)) }
            }
        }

        /// Calls `text` and waits for what is known of it then: addresses, or why there are none.
        func call(_ text: String) async -> String {
            await withCheckedContinuation { continuation in
                let box = box
                mailbox.post { _ in
                    guard let cache = box.cache, let name = cache.name(text) else {
                        continuation.resume(returning: "no room")
                        return
                    }
                    let tell: @Sendable () -> Void = {
                        continuation.resume(returning: Self.said(of: text, by: box.cache))
                    }
                    if cache.use(name) == .known {
                        tell()
                    } else if cache.wait(for: name, then: tell) == nil {
                        continuation.resume(returning: "too many wait")
                    }
                }
            }
        }

        /// What a second call finds in the moment in which the first has its answer.
        func callAgainAtOnce(_ text: String) async -> NameCache.Readiness? {
            await withCheckedContinuation { continuation in
                let box = box
                mailbox.post { _ in
                    guard let cache = box.cache, let name = cache.name(text),
                        cache.use(name) == .asking
                    else {
                        continuation.resume(returning: nil)
                        return
                    }
                    let wait = cache.wait(for: name) {
                        continuation.resume(returning: cache.use(name))
                    }
                    if wait == nil { continuation.resume(returning: nil) }
                }
            }
        }

        /// Two wait, and the one called first calls the other off: who was called.
        func callsOneOff(_ text: String) async -> [String] {
            await withCheckedContinuation { continuation in
                let box = box
                mailbox.post { [mailbox] _ in
                    guard let cache = box.cache, let name = cache.name(text) else { return }
                    _ = cache.use(name)
                    let called = Mutex<[String]>([])
                    _ = cache.wait(for: name) {
                        called.withLock { $0.append("first") }
                        for wait in box.waits { cache.cancel(wait) }
                        box.waits = []
                        mailbox.post { _ in
                            continuation.resume(returning: called.withLock { $0 })
                        }
                    }
                    if let second = cache.wait(
                        for: name,
                        then: {
                            called.withLock { $0.append("second") }
                        })
                    {
                        box.waits.append(second)
                    }
                }
            }
        }

        private static func said(of text: String, by cache: NameCache?) -> String {
            guard let name = cache?.name(text) else { return "no room" }
            return name.addresses.isEmpty
                ? name.problem.map { "\($0)" } ?? "nothing"
                : name.addresses.map(\.host).joined(separator: " ")
        }

        func until(_ holds: (Desk) async -> Bool) async throws {
            let clock = ContinuousClock.now
            while await !holds(self) {
                try #require(clock.duration(to: .now) < .seconds(20), "left: \(left)")
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private static func server(
        _ book: @escaping @Sendable (String) -> NameServer.Answer
    ) throws -> NameServer {
        try NameServer { name, kind in kind == .a ? book(name) : .code(0) }
    }

    @Test("all who call a name wait for one answer, and the next finds it there")
    func together() async throws {
        let server = try Self.server { _ in .addresses(["192.0.2.5"], ttl: 3600) }
        let desk = try Desk(server)
        async let one = desk.call("one.test")
        async let two = desk.call("one.test")
        #expect(await [one, two] == ["192.0.2.5", "192.0.2.5"])
        #expect(await desk.call("one.test") == "192.0.2.5")
        #expect(server.count("one.test") == 2, "A and AAAA, once")
    }

    @Test("a literal is its own answer and nobody is asked")
    func literal() async throws {
        let server = try Self.server { _ in .silence }
        let desk = try Desk(server)
        #expect(await desk.call("192.0.2.9") == "192.0.2.9")
        #expect(await desk.call("2001:db8::9") == "2001:db8::9")
        #expect(server.count("192.0.2.9") == 0)
    }

    @Test("a name that is not there is remembered as that, and not asked for at each call")
    func missing() async throws {
        let server = try Self.server { _ in .code(3) }
        let desk = try Desk(server)
        #expect(await desk.callAgainAtOnce("gone.test") == .known)
        #expect(await desk.call("gone.test").contains("NXDOMAIN"))
    }

    @Test("a name with a dot is asked for as it is, whatever resolv.conf would put behind it")
    func whole() async throws {
        let folder = try TemporaryFolder(prefix: "isthmus-names-")
        let file = "\(folder.path)/resolv.conf"
        try Data("search corp.test\noptions ndots:5\n".utf8).write(to: URL(filePath: file))
        let server = try Self.server { name in
            name.hasSuffix("corp.test") ? .addresses(["192.0.2.6"], ttl: 3600) : .code(3)
        }
        let desk = try Desk(server, search: file)
        #expect(await desk.call("a.example").contains("NXDOMAIN"))
        #expect(server.count("a.example.corp.test") == 0)
        #expect(await desk.call("db") == "192.0.2.6")
    }

    @Test("a name that is called is kept fresh, and one that is not is asked for at its next call")
    func refresh() async throws {
        let server = try Self.server { _ in .addresses(["192.0.2.5"], ttl: 1) }
        let desk = try Desk(server)
        _ = await desk.call("quiet.test")
        try await desk.until { desk in
            _ = await desk.call("busy.test")
            return server.count("busy.test") >= 6
        }
        #expect(server.count("quiet.test") == 2, "asked for though nobody called")
        server.answer { _, kind in
            kind == .a ? .addresses(["192.0.2.7"], ttl: 1) : .code(0)
        }
        #expect(await desk.call("quiet.test") == "192.0.2.7", "an old answer was gone by")
    }

    @Test("when the resolver fails, the last good answer serves")
    func stale() async throws {
        let server = try Self.server { _ in .addresses(["192.0.2.5"], ttl: 1) }
        let desk = try Desk(server)
        _ = await desk.call("one.test")
        server.answer { _, _ in .code(2) }
        try await desk.until { desk in
            let said = await desk.call("one.test")
            guard said == "192.0.2.5" else { return true }
            return await desk.ask { $0.staleCount } == 1
        }
        #expect(await desk.call("one.test") == "192.0.2.5")
    }

    @Test("names that nobody calls leave")
    func unused() async throws {
        let server = try Self.server { _ in .addresses(["192.0.2.5"], ttl: 1) }
        let desk = try Desk(server) { $0.unusedMs = 50 }
        _ = await desk.call("one.test")
        _ = await desk.call("192.0.2.9")
        try await desk.until { Set($0.left) == ["one.test", "192.0.2.9"] }
        #expect(await desk.ask { $0.count } == 0)
    }

    @Test("a full table lets the name go that is missed least, and those waited for never")
    func full() async throws {
        let server = try Self.server { name in
            switch name {
            case "gone.test": .code(3)
            default: .addresses(["192.0.2.5"], ttl: 3600)
            }
        }
        let desk = try Desk(server) {
            $0.namesMax = 2
            $0.waitsMax = 1
        }
        _ = await desk.call("one.test")
        _ = await desk.call("gone.test")
        #expect(await desk.call("two.test") == "192.0.2.5")
        #expect(desk.left == ["gone.test"], "a name without addresses goes first")
        #expect(await desk.call("three.test") == "192.0.2.5")
        #expect(desk.left == ["gone.test", "one.test"], "then the one called longest ago")
        #expect(await desk.ask { $0.overflows } == 0)
    }

    @Test("so many wait and no more, and who is called off is not called")
    func waits() async throws {
        let server = try Self.server { _ in .silence }
        let called = Mutex(0)
        try await withDesk(Desk(server) { $0.waitsMax = 1 }) { desk in
            let refused = await desk.ask { cache -> Bool in
                guard let name = cache.name("silent.test") else { return false }
                _ = cache.use(name)
                guard let first = cache.wait(for: name, then: { called.withLock { $0 += 1 } })
                else { return false }
                let isFull = cache.wait(for: name, then: {}) == nil
                cache.cancel(first)
                cache.cancel(first)
                return isFull && cache.wait(for: name, then: {}) != nil
            }
            #expect(refused == true)
            try await desk.until { await $0.ask { $0.counts.pending } == 0 }
        }
        #expect(called.withLock { $0 } == 0)
    }

    @Test("who is called off by another's call is not called, and gives back one place alone")
    func calledOff() async throws {
        let server = try Self.server { name in
            name == "one.test" ? .addresses(["192.0.2.5"], ttl: 3600) : .silence
        }
        try await withDesk(Desk(server) { $0.waitsMax = 2 }) { desk in
            #expect(await desk.callsOneOff("one.test") == ["first"])
            let room = await desk.ask { cache -> Int in
                guard let name = cache.name("silent.test") else { return -1 }
                _ = cache.use(name)
                return (0..<4).count { _ in cache.wait(for: name, then: {}) != nil }
            }
            #expect(room == 2)
            try await desk.until { await $0.ask { $0.counts.pending } == 0 }
        }
    }

    private func withDesk(_ desk: Desk, _ body: (Desk) async throws -> Void) async throws {
        try await body(desk)
    }
}
