// The store with a watcher that names what changed: it must come to what a look at everything
// would, and may look at less only where that is certain.
import Foundation
import Spec
import Store
import Testing

@Suite("store, told where to look")
struct PathChangeTests {
    private let folder: Folder
    private let store = Store()

    init() throws {
        folder = try Folder()
        try folder.write("a.yaml", service("a"))
        try folder.write("b.yaml", service("b"))
        #expect(store.load(paths: [folder.path], recursive: false).objects != nil)
    }

    private func told(_ names: String..., hadNoLink: Bool = false) -> LoadResult {
        store.reload(
            changed: names.map { PathChange(path: folder.path($0), hadNoLink: hadNoLink) })
    }

    /// What a store says that sees the folder for the first time.
    private var truth: [String] {
        Store().load(paths: [folder.path], recursive: false).objects?.services.map(\.summary) ?? []
    }

    private func expectTruth(_ result: LoadResult) {
        #expect(result.objects?.services.map(\.summary) == truth)
    }

    @Test("only what is named is looked at")
    func onlyNamed() throws {
        try folder.write("a.yaml", service("a", port: 81))
        try folder.write("b.yaml", service("b", port: 82))
        let first = told("a.yaml")
        #expect(first.objects?.services.map(\.summary) == ["a 81", "b 80"])
        #expect(first.parsedFileCount == 1)
        expectTruth(told("b.yaml"))
    }

    @Test("a file that another was moved over is read", arguments: ["a.yaml", ".a.yaml.new"])
    func movedOver(_ alsoTold: String) throws {
        try folder.write(".a.yaml.new", service("a", port: 81))
        #expect(unsafe rename(folder.path(".a.yaml.new"), folder.path("a.yaml")) == 0)
        expectTruth(told("a.yaml", alsoTold))
    }

    @Test("what editors leave beside a file is no reason to look at everything")
    func leftovers() throws {
        try folder.write(".a.yaml.swp", "{")
        try folder.write("a.yaml~", "{")
        try folder.write("b.yaml", service("b", port: 82))
        let result = told(".a.yaml.swp", "a.yaml~", "4913", hadNoLink: true)
        #expect(!result.hasChanged)
        #expect(result.objects?.services.map(\.summary) == ["a 80", "b 80"])
    }

    @Test("of a leftover that may have been a link everything is looked at")
    func leftoverLink() throws {
        try folder.write("b.yaml", service("b", port: 82))
        expectTruth(told("4913", hadNoLink: false))
    }

    @Test("a new file is found, a deleted one forgotten, a renamed one both")
    func comingAndGoing() throws {
        try folder.write("c.yaml", service("c"))
        expectTruth(told("c.yaml", hadNoLink: true))
        try folder.remove("a.yaml")
        expectTruth(told("a.yaml"))
        #expect(unsafe rename(folder.path("b.yaml"), folder.path("d.yaml")) == 0)
        expectTruth(told("b.yaml", "d.yaml"))
    }

    @Test("a folder in place of a file, and a link in place of one, are seen")
    func otherKinds() throws {
        try folder.remove("a.yaml")
        try folder.write("a.yaml/x.txt", "x")
        expectTruth(told("a.yaml"))
        try folder.write("elsewhere/real.txt", service("real"))
        try folder.remove("b.yaml")
        try folder.link("b.yaml", to: "elsewhere/real.txt")
        expectTruth(told("b.yaml"))
    }

    @Test("a mounted ConfigMap that is swapped by its link is seen")
    func configMap() throws {
        let mount = try Folder()
        try mount.write("..1/all.yaml", service("one"))
        try mount.write("..2/all.yaml", service("two"))
        try mount.link("..data", to: "..1")
        try mount.link("all.yaml", to: "..data/all.yaml")
        let store = Store()
        #expect(store.load(paths: [mount.path], recursive: false).objects?.services.count == 1)
        try mount.link("..new", to: "..2")
        #expect(unsafe rename(mount.path("..new"), mount.path("..data")) == 0)
        let result = store.reload(changed: [
            PathChange(path: mount.path("..new"), hadNoLink: true),
            PathChange(path: mount.path("..data"), hadNoLink: false),
        ])
        #expect(result.objects?.services.map(\.name) == ["two"])
    }

    @Test("a file with a second name is looked at by all of them")
    func aliases() throws {
        #expect(unsafe link(folder.path("b.yaml"), folder.path("c.yaml")) == 0)
        #expect(store.reload().objects?.services.count == 2)
        // The first name gets a file of its own: the second is now a file nobody has read.
        try folder.write("new.txt", service("b2"))
        #expect(unsafe rename(folder.path("new.txt"), folder.path("b.yaml")) == 0)
        expectTruth(told("b.yaml"))
    }

    @Test("a folder that a link leads to elsewhere meanwhile is listed anew")
    func movedFolder() throws {
        let parent = try Folder()
        try parent.write("1/a.yaml", service("a"))
        try parent.write("2/a.yaml", service("a", port: 81))
        try parent.write("2/b.yaml", service("b"))
        try parent.link("now", to: "1")
        let store = Store()
        _ = store.load(paths: [parent.path("now")], recursive: false)
        try parent.remove("now")
        try parent.link("now", to: "2")
        let result = store.reload(changed: [
            PathChange(path: parent.path("now/a.yaml"), hadNoLink: true)
        ])
        #expect(result.objects?.services.map(\.summary) == ["a 81", "b 80"])
    }

    @Test("a name that is taken a second time is refused, and accepted when it is given up")
    func duplicates() throws {
        try folder.write("a.yaml", service("b"))
        #expect(told("a.yaml").hasErrors)
        #expect(told("b.yaml").hasErrors, "nothing changed, and it still holds")
        try folder.write("b.yaml", service("c"))
        expectTruth(told("b.yaml"))
    }

    @Test("a single file by name is read whatever is told of its folder")
    func singleFile() throws {
        try folder.write("only.txt", service("only"))
        let store = Store()
        _ = store.load(paths: [folder.path("only.txt")], recursive: false)
        try folder.write("only.txt", service("only", port: 81))
        let change = PathChange(path: folder.path + "//only.txt", hadNoLink: true)
        #expect(store.reload(changed: [change]).objects?.services.map(\.summary) == ["only 81"])
    }
}

extension Service {
    fileprivate var summary: String { "\(name) \(ports[0].number)" }
}
