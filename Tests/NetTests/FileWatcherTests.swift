// What a watcher says of the names it was told: enough to look there alone, or that it is not.
import Foundation
import Testing

@testable import Net

@Suite struct FileWatcherTests {
    private final class Pause: TimerTarget {
        let ended: () -> Void
        init(_ ended: @escaping () -> Void) { self.ended = ended }
        override func timerFired(tag: UInt8) { ended() }
    }

    /// What is told of `act` in a folder that has `old.yaml`.
    private func told(_ act: (_ folder: String) throws -> Void) throws -> FolderChanges {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "isthmus-names-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path(percentEncoded: false)
        let name = path.hasSuffix("/") ? String(path.dropLast()) : path
        try write("\(name)/old.yaml")
        let loop = try Loop()
        var all = FolderChanges()
        let watcher = try FileWatcher(loop: loop) { all.formUnion($0) }
        try watcher.watch(folders: [name])
        try act(name)
        // Events are there as soon as the act is over.
        _ = loop.timers.schedule(afterMs: 20, target: Pause { loop.stop() }, tag: 0)
        loop.run()
        var relative = FolderChanges()
        for (path, hadNoLink) in all.paths {
            relative.add(String(path.dropFirst(name.count + 1)), hadNoLink: hadNoLink)
        }
        relative.isEverything = all.isEverything
        return relative
    }

    /// In place: Foundation would write another file and move it over this one.
    private func write(_ path: String) throws {
        let file = unsafe try #require(unsafe fopen(path, "w"))
        #expect(unsafe fputs("b", file) >= 0)
        #expect(unsafe fclose(file) == 0)
    }

    @Test("a file written in place is named, and was no link")
    func written() throws {
        let told = try told { try write("\($0)/old.yaml") }
        #expect(told.paths == ["old.yaml": true])
        #expect(!told.isEverything)
    }

    @Test("a new file is named, and nothing was there before")
    func made() throws {
        let told = try told { folder in
            try write("\(folder)/new")
        }
        #expect(told.paths == ["new": true])
    }

    @Test("of a file moved over another both names are told, and what the other was is unknown")
    func replaced() throws {
        let told = try told { folder in
            try write("\(folder)/.new")
            #expect(unsafe rename("\(folder)/.new", "\(folder)/old.yaml") == 0)
        }
        #expect(told.paths == [".new": true, "old.yaml": false])
        #expect(!told.isEverything)
    }

    @Test("a name that went is told, and what it was is unknown")
    func removed() throws {
        let told = try told { #expect(unsafe unlink("\($0)/old.yaml") == 0) }
        #expect(told.paths == ["old.yaml": false])
    }

    @Test("a folder in the folder may be anything")
    func folder() throws {
        let told = try told { #expect(unsafe mkdir("\($0)/inner", 0o755) == 0) }
        #expect(told.isEverything)
    }

    @Test("the folder's own end may be anything")
    func gone() throws {
        let told = try told { #expect(unsafe rename($0, $0 + "-away") == 0) }
        #expect(told.isEverything)
    }

    @Test("more names than are worth a list are everything")
    func many() throws {
        let told = try told { folder in
            for number in 0...FolderChanges.namesMax {
                try write("\(folder)/\(number)")
            }
        }
        #expect(told.isEverything)
    }
}
