// The objects of a configuration, from files and folders, kept up to date.
// It holds what every file said when it was last looked at, so that one changed file among ten
// thousand costs one parse; and a configuration with an error in it never replaces one without.
public import Spec

/// Reads resources from files and folders. Not thread-safe: one thread uses it.
public final class Store {
    /// Of objects that name none.
    public let defaultNamespace: String
    /// The last configuration without an error; empty before the first.
    public private(set) var current = ObjectSet.empty
    /// Folders whose changes can change the configuration: those given and read, and those of
    /// single files. For whoever watches them.
    public internal(set) var folders: [String] = []

    var roots: [String] = []
    var isRecursive = false
    var standardInput: [UInt8] = []
    /// By path.
    var files: [String: StoredFile] = [:]
    /// Paths in the order in which they are read.
    var order: [String] = []
    /// The same files in the same order: ten thousand names take long to look up.
    var inOrder: [StoredFile] = []
    let strings = SharedStrings()
    /// Objects that give way to those of the same name in files.
    let base: ParsedFile?
    /// What there is to say about paths that could not be read, in the order they were met.
    var pathFindings: [Diagnostic] = []
    /// The folders that were listed, and which they were.
    var folderIdentities: [String: FileIdentity] = [:]
    /// Everything asked for was a folder.
    var hasFoldersAlone = false
    /// Some file or folder was met under a second name and passed over.
    var hasAliases = false
    private var hadDuplicates = false

    /// - Parameter base: resources as text that hold where no file has an object of the same kind,
    ///   namespace and name, as if files were applied over them.
    public init(defaultNamespace: String = "default", base: [UInt8] = []) {
        self.defaultNamespace = defaultNamespace
        self.base =
            base.isEmpty
            ? nil
            : ParsedFile(
                reading: base, file: Self.baseName, defaultNamespace: defaultNamespace,
                strings: strings)
        baseText = base
    }

    /// What stands for a path where an object comes from the base.
    public static let baseName = "built-in"
    private let baseText: [UInt8]

    /// Reads the files and folders at `paths`; `-` stands for `standardInput`. In folders, files
    /// named `*.yaml`, `*.yml` and `*.json` are read, sorted by name; folders in folders only
    /// where `recursive`.
    public func load(
        paths: [String], recursive: Bool, standardInput: [UInt8] = []
    ) -> LoadResult {
        roots = paths
        isRecursive = recursive
        self.standardInput = standardInput
        files = [:]
        return reload(always: true)
    }

    /// Looks at all files again and reads those that changed.
    public func reload() -> LoadResult { reload(always: false) }

    /// - Parameter always: something has changed already, whatever is found.
    func reload(always: Bool) -> LoadResult {
        let before = order
        let findingsBefore = pathFindings
        let scan = scan()
        var parsed = 0
        var hasChanged = always
        var kept: [String: StoredFile] = [:]
        kept.reserveCapacity(scan.count)
        order.removeAll(keepingCapacity: true)
        inOrder.removeAll(keepingCapacity: true)
        for (path, stamp) in scan {
            let (file, change) = refresh(path, stamp)
            guard let file else { continue }
            if change != .none { parsed += 1 }
            if change == .content { hasChanged = true }
            order.append(path)
            inOrder.append(file)
            kept[path] = file
        }
        files = kept
        hasChanged = hasChanged || order != before || pathFindings != findingsBefore
        return combined(parsed: parsed, hasChanged: hasChanged)
    }

    /// The bytes of a file of the last load, for showing a line of it; nil where it is gone.
    public func text(of file: String) -> [UInt8]? {
        if file == "-" { return standardInput }
        if file == Self.baseName, !baseText.isEmpty { return baseText }
        return try? FileSystem.read(file, limit: SpecLimits.fileBytesMax)
    }

    // MARK: - Putting files together

    /// - Parameter mayHaveDuplicates: false where all objects are called as the last time.
    func combined(
        parsed: Int, hasChanged: Bool, mayHaveDuplicates: Bool = true
    ) -> LoadResult {
        var diagnostics = pathFindings
        var idle = IdleFields()
        var objects: [any Resource] = []
        var hasErrors = pathFindings.contains(where: \.isError)
        objects.reserveCapacity(order.count)
        for file in inOrder.lazy.map(\.parsed) {
            if !file.diagnostics.isEmpty { diagnostics += file.diagnostics }
            idle.merge(file.idleFields)
            objects += file.objects
            if file.hasErrors { hasErrors = true }
        }
        let duplicates =
            mayHaveDuplicates || hadDuplicates ? self.duplicates(in: objects) : []
        hadDuplicates = !duplicates.isEmpty
        if let base {
            diagnostics += base.diagnostics
            idle.merge(base.idleFields)
            hasErrors = hasErrors || base.hasErrors
            let written = Set(objects.map(\.key))
            objects += base.objects.filter { !written.contains($0.key) }
        }
        diagnostics += duplicates
        hasErrors = hasErrors || !duplicates.isEmpty
        diagnostics += idle.warnings
        var result: ObjectSet?
        if !hasErrors {
            if hasChanged { current = ObjectSet(objects) }
            result = current
        }
        return LoadResult(
            objects: result, diagnostics: diagnostics, hasChanged: hasChanged,
            fileCount: order.count, parsedFileCount: parsed)
    }

    /// Two objects of one name: which of them held would depend on who reads them.
    private func duplicates(in objects: [any Resource]) -> [Diagnostic] {
        var findings: [Diagnostic] = []
        var places: [ObjectKey: SourceLocation] = [:]
        places.reserveCapacity(objects.count)
        for object in objects {
            let key = object.key
            guard let first = places[key] else {
                places[key] = object.source
                continue
            }
            findings.append(
                Diagnostic(
                    severity: .error, location: object.source, object: key,
                    message: "\(key) is there twice, first at \(first) and again here",
                    advice: "remove one of the two, or give it another name or namespace"))
        }
        return findings
    }
}
