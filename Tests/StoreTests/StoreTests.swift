// The store on real folders: what is read, what is noticed, and what a bad change leaves alone.
import Foundation
import Spec
import Store
import Testing

/// A folder of its own for one test, gone afterwards.
final class Folder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "isthmus-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.path }
    func path(_ name: String) -> String { url.appending(path: name).path }

    func write(_ name: String, _ text: String) throws {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        // Foundation's writing waits for the disk, which two thousand files need not.
        #expect(FileManager.default.createFile(atPath: file.path, contents: Data(text.utf8)))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: url.appending(path: name))
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path(name), withDestinationPath: target)
    }
}

extension Store {
    /// Told that something happened at `path`.
    func reload(at path: String) -> LoadResult {
        reload(changed: [PathChange(path: path, hadNoLink: false)])
    }
}

func service(_ name: String, port: Int = 80, namespace: String? = nil) -> String {
    """
    apiVersion: v1
    kind: Service
    metadata:
      name: \(name)\(namespace.map { "\n  namespace: \($0)" } ?? "")
    spec:
      ports:
      - port: \(port)

    """
}

@Suite("store")
struct StoreTests {
    private func names(_ result: LoadResult) -> [String]? { result.objects?.services.map(\.name) }

    @Test("objects of the base hold where no file has one of that name, and come back with its end")
    func base() throws {
        let folder = try Folder()
        let store = Store(base: Array((service("a") + "---\n" + service("b", port: 81)).utf8))
        #expect(names(store.load(paths: [], recursive: false)) == ["a", "b"])
        #expect(store.text(of: Store.baseName).map { String(decoding: $0, as: UTF8.self) } != nil)
        try folder.write("b.yaml", service("b", port: 82))
        let over = store.load(paths: [folder.path], recursive: false)
        #expect(
            over.objects?.services.map { "\($0.name) \($0.ports[0].number)" } == ["b 82", "a 80"])
        try folder.remove("b.yaml")
        let again = store.reload()
        #expect(again.hasChanged)
        #expect(again.objects?.services.map { $0.ports[0].number } == [80, 81])
    }

    @Test("over a base a folder may be empty, but one that only holds folders is told of")
    func emptyOverBase() throws {
        let folder = try Folder()
        let store = Store(base: Array(service("a").utf8))
        #expect(store.load(paths: [folder.path], recursive: false).diagnostics.isEmpty)
        try folder.write("inner/b.yaml", service("b"))
        let told = store.load(paths: [folder.path], recursive: false).diagnostics
        #expect(told.map(\.advice) == ["name one of the folders in it"])
    }

    @Test("a folder's resources are read in the order of their names, other files are not")
    func folder() throws {
        let folder = try Folder()
        try folder.write("b.yaml", service("b"))
        try folder.write("a.yml", service("a"))
        try folder.write(
            "c.json",
            #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":{"ports":[{"port":1}]}}"#
        )
        for name in ["README.md", ".d.yaml", ".b.yaml.swp", "b.yaml~", "#b.yaml#", "4913"] {
            try folder.write(name, "not: [yaml")
        }
        try folder.write("deeper/d.yaml", service("d"))
        let store = Store()
        let result = store.load(paths: [folder.path], recursive: false)
        #expect(names(result) == ["a", "b", "c"])
        #expect(result.diagnostics.isEmpty)
        #expect(result.fileCount == 3)
        #expect(result.parsedFileCount == 3)
        #expect(names(store.load(paths: [folder.path], recursive: true)) == ["a", "b", "c", "d"])
        #expect(store.folders == [folder.path, folder.path("deeper")])
    }

    @Test("a file is read by its name, whatever it ends in, and once by two names")
    func singleFile() throws {
        let folder = try Folder()
        try folder.write("x.txt", service("x"))
        try folder.write("y.yaml", service("z"))
        let result = Store().load(
            paths: [folder.path("x.txt"), folder.path("y.yaml"), folder.path], recursive: false)
        #expect(names(result) == ["x", "z"])
    }

    @Test("standard input is `-`")
    func standardInput() {
        let store = Store(defaultNamespace: "shop")
        let result = store.load(
            paths: ["-"], recursive: false, standardInput: Array(service("x").utf8))
        #expect(result.objects?.services.first?.key.description == "Service shop/x")
        #expect(result.objects?.services.first?.source.file == "-")
        #expect(store.text(of: "-") == Array(service("x").utf8))
    }

    @Test("a path that is not there is an error that names it")
    func missingPath() {
        let result = Store().load(paths: ["/nowhere/at/all.yaml"], recursive: false)
        #expect(result.hasErrors)
        #expect(
            result.diagnostics.map(\.description) == [
                "/nowhere/at/all.yaml: error: cannot be read: No such file or directory; check the path"
            ])
    }

    @Test("a folder without resources is a warning that mentions -R")
    func emptyFolder() throws {
        let folder = try Folder()
        try folder.write("deeper/d.yaml", service("d"))
        let result = Store().load(paths: [folder.path], recursive: false)
        #expect(!result.hasErrors)
        #expect(result.diagnostics.first?.severity == .warning)
        #expect(result.diagnostics.first?.advice.contains("-R") == true)
    }

    @Test("nothing changed means the same objects, and nothing is parsed")
    func unchanged() async throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("a"))
        let store = Store()
        let first = store.load(paths: [folder.path], recursive: false)
        let second = store.reload()
        #expect(first.hasChanged)
        #expect(!second.hasChanged)
        #expect(first.objects?.services.first === second.objects?.services.first)
        try await Task.sleep(for: .milliseconds(150))
        _ = store.reload()
        #expect(store.reload().parsedFileCount == 0)
    }

    @Test("a changed file is read again, and objects of others stay the same objects")
    func changed() throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("a"))
        try folder.write("b.yaml", service("b"))
        let store = Store()
        let before = store.load(paths: [folder.path], recursive: false)
        try folder.write("b.yaml", service("b", port: 81))
        let after = store.reload()
        #expect(after.hasChanged)
        #expect(after.objects?.services[0] === before.objects?.services[0])
        #expect(after.objects?.services[1] !== before.objects?.services[1])
        #expect(after.objects?.services[1].ports[0].number == 81)
    }

    @Test("a change within the same tick of the file system's clock is noticed")
    func sameTick() throws {
        let folder = try Folder()
        let store = Store()
        for port in 1...50 {
            // The same length each time, so that nothing but the bytes differs.
            try folder.write("a.yaml", service("a", port: 1000 + port))
            let result =
                port == 1
                ? store.load(paths: [folder.path], recursive: false)
                : store.reload(at: folder.path("a.yaml"))
            #expect(result.objects?.services.first?.ports[0].number == UInt16(1000 + port))
        }
    }

    @Test("a file that is touched and says the same changes nothing")
    func touched() async throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("a"))
        let store = Store()
        let before = store.load(paths: [folder.path], recursive: false)
        try await Task.sleep(for: .milliseconds(20))
        try folder.write("a.yaml", service("a"))
        let after = store.reload()
        #expect(!after.hasChanged)
        #expect(after.objects?.services.first === before.objects?.services.first)
    }

    @Test("a new file is found and a deleted one is forgotten")
    func newAndDeleted() throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("a"))
        let store = Store()
        _ = store.load(paths: [folder.path], recursive: false)
        try folder.write("b.yaml", service("b"))
        #expect(names(store.reload()) == ["a", "b"])
        try folder.remove("a.yaml")
        let result = store.reload()
        #expect(result.hasChanged)
        #expect(names(result) == ["b"])
    }

    @Test("a watcher's list of changed files is enough, for new and deleted ones too")
    func watcher() throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("a"))
        try folder.write("b.yaml", service("b"))
        let store = Store()
        _ = store.load(paths: [folder.path], recursive: false)
        try folder.write("a.yaml", service("a", port: 81))
        let changed = store.reload(at: folder.path("a.yaml"))
        #expect(changed.parsedFileCount == 1)
        #expect(changed.objects?.services[0].ports[0].number == 81)
        try folder.write("c.yaml", service("c"))
        #expect(names(store.reload(at: folder.path("c.yaml"))) == ["a", "b", "c"])
        try folder.remove("b.yaml")
        #expect(names(store.reload(at: folder.path("b.yaml"))) == ["a", "c"])
        #expect(names(store.reload(at: folder.path)) == ["a", "c"])
    }

    @Test("a bad change leaves everything as it was, until it is put right")
    func badChange() throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("a"))
        try folder.write("b.yaml", service("b"))
        let store = Store()
        _ = store.load(paths: [folder.path], recursive: false)
        try folder.write("a.yaml", service("a", port: 0))
        let bad = store.reload()
        #expect(bad.objects == nil)
        #expect(bad.hasErrors)
        #expect(bad.diagnostics.first?.location?.file == folder.path("a.yaml"))
        #expect(store.current.services.map(\.ports[0].number) == [80, 80])
        // Another file's change does not go live past the bad one.
        try folder.write("b.yaml", service("b", port: 81))
        #expect(store.reload().objects == nil)
        #expect(store.current.services.map(\.ports[0].number) == [80, 80])
        try folder.write("a.yaml", service("a", port: 82))
        let good = store.reload()
        #expect(good.objects?.services.map(\.ports[0].number) == [82, 81])
        #expect(good.diagnostics.isEmpty)
    }

    @Test("an error goes away with its file")
    func deletedError() throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("a"))
        try folder.write("b.yaml", "kind: [")
        let store = Store()
        #expect(store.load(paths: [folder.path], recursive: false).hasErrors)
        try folder.remove("b.yaml")
        #expect(names(store.reload()) == ["a"])
    }

    @Test("two objects of one name are an error that names both places")
    func duplicates() throws {
        let folder = try Folder()
        try folder.write("a.yaml", service("x"))
        try folder.write("b.yaml", service("z") + "---\n" + service("x"))
        let result = Store().load(paths: [folder.path], recursive: false)
        #expect(result.objects == nil)
        let finding = try #require(result.diagnostics.first)
        #expect(finding.location?.description == "\(folder.path("b.yaml")):9:1")
        #expect(
            finding.message
                == "Service default/x is there twice, first at \(folder.path("a.yaml")):1:1 and again here"
        )
    }

    @Test("one name in two namespaces, or of two kinds, is no duplicate")
    func noDuplicates() throws {
        let folder = try Folder()
        try folder.write(
            "a.yaml",
            service("x") + "---\n" + service("x", namespace: "other")
                + "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: x}\n")
        let result = Store().load(paths: [folder.path], recursive: false)
        #expect(result.objects?.count == 3)
    }

    @Test("a field that is accepted and not acted on is said once for all files")
    func idleOnce() throws {
        let folder = try Folder()
        for name in ["a", "b"] {
            try folder.write(
                "\(name).yaml",
                """
                apiVersion: networking.istio.io/v1
                kind: VirtualService
                metadata: {name: \(name)}
                spec:
                  hosts: [\(name)]
                  tcp: [{match: [{sourceSubnet: 10.0.0.0/8}], route: [{destination: {host: a}}]}]
                """)
        }
        let result = Store().load(paths: [folder.path], recursive: false)
        #expect(!result.hasErrors)
        #expect(
            result.diagnostics.map(\.message) == [
                "L4MatchAttributes.sourceSubnet is accepted, and nothing acts on it"
            ])
    }

    @Test("a mounted ConfigMap is read through its links, and its swap is noticed")
    func configMap() throws {
        let folder = try Folder()
        try folder.write("..2026_01/a.yaml", service("a"))
        try folder.link("..data", to: "..2026_01")
        try folder.link("a.yaml", to: "..data/a.yaml")
        let store = Store()
        let result = store.load(paths: [folder.path], recursive: true)
        #expect(names(result) == ["a"])
        #expect(result.fileCount == 1)
        try folder.write("..2026_02/a.yaml", service("a", port: 81))
        try folder.link("..data_tmp", to: "..2026_02")
        #expect(unsafe rename(folder.path("..data_tmp"), folder.path("..data")) == 0)
        try folder.remove("..2026_01")
        let swapped = store.reload()
        #expect(swapped.hasChanged)
        #expect(swapped.objects?.services[0].ports[0].number == 81)
    }

    @Test("links that lead in a circle or nowhere end")
    func circles() throws {
        let folder = try Folder()
        try folder.write("a/a.yaml", service("a"))
        try folder.link("a/up", to: "..")
        try folder.link("nowhere.yaml", to: "missing.yaml")
        let result = Store().load(paths: [folder.path], recursive: true)
        #expect(names(result) == ["a"])
        #expect(result.diagnostics.isEmpty)
    }

    @Test("a pipe is read once and kept", .timeLimit(.minutes(1)))
    func pipe() async throws {
        let folder = try Folder()
        let path = folder.path("pipe.yaml")
        #expect(unsafe mkfifo(path, 0o600) == 0)
        let writer = Task.detached {
            try FileHandle(forWritingTo: URL(filePath: path)).write(
                contentsOf: Data(service("p").utf8))
        }
        let store = Store()
        let result = store.load(paths: [path], recursive: false)
        try await writer.value
        #expect(names(result) == ["p"])
        #expect(names(store.reload()) == ["p"])
    }

    @Test("one changed file among two thousand costs one parse")
    func manyFiles() throws {
        let folder = try Folder()
        for index in 0..<2_000 { try folder.write("f\(index).yaml", service("s\(index)")) }
        let store = Store()
        #expect(store.load(paths: [folder.path], recursive: false).objects?.count == 2_000)
        try folder.write("f77.yaml", service("s77", port: 81))
        let clock = ContinuousClock()
        var result: LoadResult?
        let time = clock.measure { result = store.reload(at: folder.path("f77.yaml")) }
        #expect(result?.parsedFileCount == 1)
        #expect(result?.objects?.services.contains { $0.ports[0].number == 81 } == true)
        #expect(time < .milliseconds(500))
    }
}
