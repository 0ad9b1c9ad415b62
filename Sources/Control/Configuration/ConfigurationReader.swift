// From the files people name to a snapshot: read, check, compile, in one step for everybody.
// The gateway, `validate` and `explain` go the same way, so that none of them knows better.
public import Mesh
public import Net
public import Spec
internal import Store

/// Which files, and for which proxy.
public struct ConfigurationSource: Sendable {
    /// Files and folders; `-` for standard input.
    public var paths: [String]
    /// Folders in folders too.
    public var isRecursive: Bool
    /// Of objects that name none.
    public var defaultNamespace: String
    public var standardInput: [UInt8]
    /// Resources as text that give way to those of the same name in files.
    public var base: [UInt8] = []
    public var node: Node

    public init(
        paths: [String], isRecursive: Bool = false, defaultNamespace: String = "default",
        standardInput: [UInt8] = [], node: Node = Node()
    ) {
        self.paths = paths
        self.isRecursive = isRecursive
        self.defaultNamespace = defaultNamespace
        self.standardInput = standardInput
        self.node = node
    }
}

/// What came of reading.
public struct ConfigurationReading: Sendable {
    /// nil where there are errors.
    public let snapshot: Snapshot?
    /// nil where a file could not be read or has errors.
    public let objects: ObjectSet?
    /// Of files first, of objects among each other after that.
    public let diagnostics: [Diagnostic]
    /// False where no file changed since the last time.
    public let hasChanged: Bool
    public let fileCount: Int
    /// Reading and compiling, in microseconds.
    public let microseconds: UInt64

    public var errors: [Diagnostic] { diagnostics.filter(\.isError) }

    /// True where nothing could be read at all: that is about paths, and says nothing of what is
    /// in the files.
    public var isUnreadable: Bool {
        fileCount == 0 && !errors.isEmpty
            && errors.allSatisfy { $0.object == nil && ($0.location?.line ?? 1) == 0 }
    }
}

/// Keeps the files it has read; used on one thread.
public final class ConfigurationReader {
    public let source: ConfigurationSource
    private let store: Store

    public init(_ source: ConfigurationSource) {
        self.source = source
        store = Store(defaultNamespace: source.defaultNamespace, base: source.base)
    }

    /// Folders whose changes can change the configuration.
    public var folders: [String] { store.folders }

    /// The bytes of a file, to show a line of it.
    public func text(of file: String) -> [UInt8]? { store.text(of: file) }

    /// Reads everything.
    public func load() -> ConfigurationReading {
        read(previous: nil) {
            store.load(
                paths: source.paths, recursive: source.isRecursive,
                standardInput: source.standardInput)
        }
    }

    /// Reads what changed.
    /// - Parameters:
    ///   - live: what is served now; its unchanged parts are kept.
    ///   - told: where changes were seen; nil for a look at everything.
    ///   - always: compile even though no file changed.
    public func reload(
        live: Snapshot?, told: FolderChanges? = nil, always: Bool = false
    ) -> ConfigurationReading {
        read(previous: live, always: always) {
            guard let told, !told.isEverything else { return store.reload() }
            return store.reload(
                changed: told.paths.map { PathChange(path: $0.key, hadNoLink: $0.value) })
        }
    }

    private func read(
        previous: Snapshot?, always: Bool = false, _ look: () -> LoadResult
    ) -> ConfigurationReading {
        let start = ContinuousClock.now
        let loaded = look()
        var diagnostics = loaded.diagnostics
        var snapshot: Snapshot?
        if let objects = loaded.objects, loaded.hasChanged || always {
            let compiled = compile(
                objects, node: source.node, version: (previous?.version ?? 0) + 1,
                previous: previous)
            snapshot = compiled.snapshot
            diagnostics += compiled.diagnostics
        }
        let took = start.duration(to: .now)
        return ConfigurationReading(
            snapshot: snapshot, objects: loaded.objects, diagnostics: diagnostics,
            hasChanged: loaded.hasChanged, fileCount: loaded.fileCount,
            microseconds: UInt64(took / .microseconds(1)))
    }
}
