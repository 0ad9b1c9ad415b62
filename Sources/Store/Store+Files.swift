// Finds the files of a configuration and reads those that changed.
// What editors and Kubernetes leave beside the files is passed over: swap files, backups, and the
// `..data` folders through which a mounted ConfigMap is swapped in one step.
internal import Spec

extension Store {
    /// All files there are now, in the order in which they are read. Sets what is known of folders,
    /// and `pathFindings`.
    func scan() -> [(path: String, stamp: FileStamp?)] {
        var found = Scan(isRecursive: isRecursive, isOverBase: base != nil)
        for root in roots {
            if root == "-" {
                found.files.append(("-", nil))
            } else {
                found.add(root: root)
            }
        }
        folders = found.folders
        folderIdentities = found.folderIdentities
        hasFoldersAlone = found.hasFoldersAlone
        hasAliases = found.hasAliases
        pathFindings = found.findings
        return found.files
    }

    enum Change {
        case none
        /// Read again, and the same.
        case stamp
        case content
    }

    /// The file as it is now; nil, and a finding, where it cannot be read.
    func refresh(_ path: String, _ stamp: FileStamp?) -> (StoredFile?, Change) {
        let known = files[path]
        guard let stamp else {
            let digest = StoredFile.digest(of: standardInput)
            if let known, known.digest == digest { return (known, .none) }
            return (parse(standardInput, path, nil, digest), .content)
        }
        if let known, known.stamp == stamp, known.isSettled { return (known, .none) }
        // A pipe is empty after it was read.
        if let known, stamp.kind == .stream { return (known, .none) }
        do throws(FileError) {
            let bytes = try FileSystem.read(path, limit: SpecLimits.fileBytesMax)
            let digest = StoredFile.digest(of: bytes)
            if let known, known.digest == digest {
                known.stamp = stamp
                known.isSettled = Self.isSettled(stamp)
                return (known, .stamp)
            }
            return (parse(bytes, path, stamp, digest), .content)
        } catch {
            // Gone between the listing and now: as if it had not been listed.
            if !error.isMissing { pathFindings.append(Self.finding(path, error)) }
            return (nil, .content)
        }
    }

    private func parse(
        _ bytes: [UInt8], _ path: String, _ stamp: FileStamp?, _ digest: UInt64
    ) -> StoredFile {
        StoredFile(
            stamp: stamp, isSettled: stamp.map(Self.isSettled) ?? true, digest: digest,
            parsed: ParsedFile(
                reading: bytes, file: path, defaultNamespace: defaultNamespace, strings: strings))
    }

    /// File systems stamp files by a coarse clock: a second write within the same tick leaves the
    /// stamp as it is, so a file that was written a moment ago is read again next time.
    private static func isSettled(_ stamp: FileStamp) -> Bool {
        FileSystem.now() - max(stamp.modified, stamp.changed) > 100_000_000
    }

    static func finding(_ path: String, _ error: FileError) -> Diagnostic {
        let isTooLarge = error == .tooLarge
        return Diagnostic(
            severity: .error, location: SourceLocation(file: path),
            message: isTooLarge
                ? "more than \(SpecLimits.fileBytesMax) bytes"
                : "cannot be read: \(error.message)",
            advice: isTooLarge
                ? "split the file" : error.isMissing ? "check the path" : "check the permissions")
    }
}

/// One walk over everything that was asked for.
struct Scan {
    let isRecursive: Bool
    /// Files only change what holds without them: a folder may be empty, where people begin.
    let isOverBase: Bool
    private var hasClosedFolders = false
    private(set) var folderIdentities: [String: FileIdentity] = [:]
    private(set) var hasFoldersAlone = true
    /// Files and folders that were met under a second name.
    private var aliasCount = 0
    var hasAliases: Bool { aliasCount > 0 }
    var files: [(path: String, stamp: FileStamp?)] = []
    var folders: [String] = []
    var findings: [Diagnostic] = []
    private var seen: Set<FileIdentity> = []
    private var seenFolders: Set<String> = []

    init(isRecursive: Bool, isOverBase: Bool) {
        self.isRecursive = isRecursive
        self.isOverBase = isOverBase
    }

    mutating func add(root path: String) {
        do throws(FileError) {
            let stamp = try FileSystem.stamp(of: path)
            guard stamp.kind == .directory else {
                hasFoldersAlone = false
                addFolder(Self.parent(of: path))
                // The same file by two names is read once, by the first.
                if isFirst(stamp) { files.append((path, stamp)) }
                return
            }
            let before = files.count + aliasCount
            walk(path, stamp)
            if files.count + aliasCount == before, findings.isEmpty, !isOverBase || hasClosedFolders
            {
                findings.append(
                    Diagnostic(
                        severity: .warning, location: SourceLocation(file: path),
                        message: "no *.yaml, *.yml or *.json in this folder",
                        advice: advice))
            }
        } catch {
            hasFoldersAlone = false
            findings.append(Store.finding(path, error))
            addFolder(Self.parent(of: path))
        }
    }

    private var advice: String {
        if isOverBase { return "name one of the folders in it" }
        return isRecursive ? "check the path" : "add -R to look into its folders"
    }

    private mutating func walk(_ path: String, _ stamp: FileStamp) {
        // A link to a folder above would never end.
        guard isFirst(stamp) else { return }
        addFolder(path)
        folderIdentities[path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path] =
            stamp.identity
        do throws(FileError) {
            for name in try FileSystem.names(in: path) where !Self.isLeftover(name) {
                let child = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
                // A link to nothing, or gone since the listing.
                guard let stamp = try? FileSystem.stamp(of: child) else { continue }
                switch stamp.kind {
                case .directory:
                    if isRecursive { walk(child, stamp) } else { hasClosedFolders = true }
                case .regular:
                    if Self.isResource(name), isFirst(stamp) {
                        files.append((child, stamp))
                    }
                case .stream: break
                }
            }
        } catch {
            findings.append(Store.finding(path, error))
        }
    }

    private mutating func isFirst(_ stamp: FileStamp) -> Bool {
        let isFirst = seen.insert(stamp.identity).inserted
        if !isFirst { aliasCount += 1 }
        return isFirst
    }

    private mutating func addFolder(_ path: String) {
        if seenFolders.insert(path).inserted { folders.append(path) }
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Hidden files and folders (`.git`, `..data`, `.x.yaml.swp`), backups, emacs' locks.
    private static func isLeftover(_ name: String) -> Bool {
        name.hasPrefix(".") || name.hasPrefix("#") || name.hasSuffix("~")
    }

    static func isResource(_ name: String) -> Bool {
        guard !isLeftover(name) else { return false }
        let lowered = name.lowercased()
        return [".yaml", ".yml", ".json"].contains { lowered.hasSuffix($0) }
    }
}
