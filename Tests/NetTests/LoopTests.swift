// The loop: whose turn it is, what other threads may ask of it, and that nobody is told of a
// descriptor that is no longer theirs.
import Foundation
import Net
import Synchronization
import Testing

@Suite("loops")
struct LoopTests {
    private final class Log: Sendable {
        private let entries = Mutex<[String]>([])
        func add(_ entry: String) { entries.withLock { $0.append(entry) } }
        var all: [String] { entries.withLock { $0 } }
    }

    private final class Watcher: Pollable {
        let whenReady: (Readiness) -> Void
        var whenResumed: () -> Void = {}
        init(_ whenReady: @escaping (Readiness) -> Void) { self.whenReady = whenReady }
        override func ready(_ readiness: Readiness) { whenReady(readiness) }
        override func resumed() { whenResumed() }
    }

    private final class Target: TimerTarget {
        let fired: () -> Void
        init(_ fired: @escaping () -> Void) { self.fired = fired }
        override func timerFired(tag: UInt8) { fired() }
    }

    /// Two connected sockets of this machine.
    private func pair() throws -> (Int32, Int32) {
        let any = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let listening = try Socket.listen(on: any, sharesPort: false)
        let address = try #require(Socket.localAddress(listening.raw))
        guard case .inProgress(let client) = Socket.connect(to: address) else {
            throw NetError(call: "connect", errno: 0)
        }
        let raw = listening.raw
        let server = try #require(
            SocketTests.poll { () -> Int32? in
                if case .connection(let raw, _) = Socket.accept(raw) { return raw }
                return nil
            })
        return (client, server)
    }

    @Test("work from other threads is done in order, all of it")
    func mailbox() throws {
        let log = Log()
        let thread = try LoopThread.start(name: "test") { _ in nil }
        let mailbox = thread.mailbox
        let senders = DispatchGroup()
        for sender in 0..<4 {
            DispatchQueue.global().async(group: senders) {
                for number in 0..<500 { mailbox.post { _ in log.add("\(sender) \(number)") } }
            }
        }
        senders.wait()
        thread.stop()
        #expect(log.all.count == 2000)
        for sender in 0..<4 {
            let own = log.all.filter { $0.hasPrefix("\(sender) ") }
            #expect(own == (0..<500).map { "\(sender) \($0)" })
        }
    }

    @Test("what the set-up returns lives as long as the loop")
    func lifetime() throws {
        final class Thing: Sendable {
            let log: Log
            init(_ log: Log) { self.log = log }
            deinit { log.add("gone") }
        }
        let log = Log()
        let thread = try LoopThread.start(name: "test") { _ in Thing(log) }
        let mailbox = thread.mailbox
        mailbox.post { _ in log.add("asked") }
        thread.stop()
        #expect(SocketTests.poll { log.all.count == 2 ? () : nil } != nil)
        #expect(log.all == ["asked", "gone"])
    }

    @Test("a timer fires after its time, and work put off is done in the next round")
    func timersAndTurns() throws {
        let loop = try Loop()
        var order: [String] = []
        let started = Machine.monotonicNs
        let watcher = Watcher { _ in }
        watcher.whenResumed = { order.append("resumed") }
        loop.again(watcher)
        order.append("before")
        _ = loop.timers.schedule(
            afterMs: 30,
            target: Target {
                order.append("fired")
                loop.stop()
            }, tag: 0)
        loop.run()
        #expect(order == ["before", "resumed", "fired"])
        #expect(Machine.monotonicNs - started >= 29_000_000)
    }

    @Test("an event for a descriptor that was closed in the same round reaches nobody")
    func staleEvents() throws {
        let loop = try Loop()
        let one = try pair()
        let two = try pair()
        var told: [String] = []
        var newcomer: (Int32, Int32)?
        // Both become readable in one round; whoever comes first closes the other, whose number
        // goes to a newcomer at once.
        func close(_ other: (Int32, Int32), _ name: String) {
            told.append(name)
            guard newcomer == nil else { return }
            loop.forget(descriptor: other.1)
            Socket.close(other.1)
            newcomer = try? pair()
            if let newcomer {
                for raw in [newcomer.0, newcomer.1] {
                    try? loop.add(
                        Watcher { if $0.contains(.readable) { told.append("newcomer") } },
                        descriptor: raw, for: [.readable])
                }
            }
        }
        try loop.add(Watcher { _ in close(two, "one") }, descriptor: one.1, for: .readable)
        try loop.add(Watcher { _ in close(one, "two") }, descriptor: two.1, for: .readable)
        _ = IOResult.send(one.0, ByteView("x"))
        _ = IOResult.send(two.0, ByteView("x"))
        _ = loop.timers.schedule(afterMs: 20, target: Target { loop.stop() }, tag: 0)
        loop.run()
        #expect(told.count == 1, "\(told)")
        #expect(told != ["newcomer"])
        for raw in [one.0, two.0, told == ["one"] ? one.1 : two.1] { Socket.close(raw) }
        if let newcomer { for raw in [newcomer.0, newcomer.1] { Socket.close(raw) } }
    }

    @Test("an edge comes once, a level until it is dealt with")
    func edgesAndLevels() throws {
        let loop = try Loop()
        let edge = try pair()
        let level = try pair()
        var edges = 0
        var levels = 0
        try loop.add(
            Watcher { if $0.contains(.readable) { edges += 1 } }, descriptor: edge.1,
            for: .readable)
        try loop.addLevelTriggered(
            Watcher { _ in
                levels += 1
                if levels == 5 { loop.stop() }
            }, descriptor: level.1, for: .readable)
        _ = IOResult.send(edge.0, ByteView("x"))
        _ = IOResult.send(level.0, ByteView("x"))
        loop.run()
        #expect(edges == 1 && levels == 5)
        var seen = 0
        loop.forEachWatched {
            if $0 is Watcher { seen += 1 }
            loop.remove(descriptor: edge.1)
        }
        #expect(seen == 2)
        loop.remove(descriptor: edge.1)
        loop.remove(descriptor: -1)
        loop.forget(descriptor: 1_000_000)
        for raw in [edge.0, edge.1, level.0, level.1] { Socket.close(raw) }
    }

    @Test("data and FIN are told apart from silence")
    func readiness() throws {
        let loop = try Loop()
        let (client, server) = try pair()
        var all: Readiness = []
        try loop.add(
            Watcher {
                all.formUnion($0)
                if $0.contains(.peerClosed) { loop.stop() }
            }, descriptor: server, for: .stream)
        _ = IOResult.send(client, ByteView("x"))
        Socket.close(client)
        loop.run()
        #expect(all.contains(.readable) && all.contains(.writable) && all.contains(.peerClosed))
        Socket.close(server)
    }

    @Test("a folder's changes are told, also of one that is made anew")
    func fileWatcher() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "isthmus-watch-\(UUID().uuidString)")
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        let loop = try Loop()
        var changes = 0
        let watcher = try FileWatcher(loop: loop) { _ in
            changes += 1
            loop.stop()
        }
        let path = folder.path()
        try watcher.watch(folders: [path])

        /// Runs the loop until a change is told or patience ends.
        func expectChange(_ what: String, _ act: () throws -> Void) throws {
            let before = changes
            try act()
            let end = loop.timers.schedule(afterMs: 5000, target: Target { loop.stop() }, tag: 0)
            loop.run()
            loop.timers.cancel(end)
            #expect(changes > before, "\(what)")
            // What belongs to the same act is not taken for the next one.
            _ = loop.timers.schedule(afterMs: 20, target: Target { loop.stop() }, tag: 0)
            loop.run()
        }
        let file = folder.appending(path: "a.yaml")
        try expectChange("written") { try Data("a".utf8).write(to: file) }
        try expectChange("replaced") { try Data("b".utf8).write(to: file, options: .atomic) }
        try expectChange("renamed") {
            try files.moveItem(at: file, to: folder.appending(path: "b.yaml"))
        }
        try expectChange("deleted") { try files.removeItem(at: folder.appending(path: "b.yaml")) }
        try expectChange("the folder deleted") { try files.removeItem(at: folder) }
        #expect(throws: NetError.self) { try watcher.watch(folders: [path]) }
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        try watcher.watch(folders: [path])
        try expectChange("written into the new folder") { try Data("c".utf8).write(to: file) }
        try watcher.watch(folders: [])
        _ = loop.timers.schedule(afterMs: 20, target: Target { loop.stop() }, tag: 0)
        loop.run()
        let before = changes
        try Data("d".utf8).write(to: file)
        _ = loop.timers.schedule(afterMs: 30, target: Target { loop.stop() }, tag: 0)
        loop.run()
        #expect(changes == before)
    }
}
