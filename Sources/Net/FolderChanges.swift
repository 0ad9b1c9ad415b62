// What events of watched folders name, gathered until somebody looks.
// Ten thousand files saved at once are no list any more: then everything is to be looked at.

public struct FolderChanges {
    /// Names beyond which it is as quick to look at everything.
    public static let namesMax = 256

    /// The list is not all of it: events were lost, or concern folders.
    public internal(set) var isEverything = false
    /// By path, the folder as it was given to the watcher: whether there was certainly no link of
    /// that name when the first event came, as a file was written or made.
    public private(set) var paths: [String: Bool] = [:]

    public init() {}

    /// Nothing was told: look at everything.
    public static var everything: FolderChanges {
        var changes = FolderChanges()
        changes.isEverything = true
        return changes
    }

    mutating func add(_ path: String, hadNoLink: Bool) {
        guard !isEverything, paths[path] == nil else { return }
        paths[path] = hadNoLink
        if paths.count > Self.namesMax { isEverything = true }
    }

    /// Adds what came later.
    public mutating func formUnion(_ later: FolderChanges) {
        isEverything = isEverything || later.isEverything
        for (path, hadNoLink) in later.paths { add(path, hadNoLink: hadNoLink) }
    }
}
