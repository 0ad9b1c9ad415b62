// Looks at the files that a watcher names, where that is certainly all there is to see.
// Links, new files, folders and files that are there twice make it look at everything: to list ten
// thousand files takes five times as long as to read one of them.
internal import Spec

extension Store {
    /// As `reload()`, for a watcher that knows which files changed: nothing else is looked at.
    /// A path that is new, or a folder, or a link, or not what `load` made of a name, makes it look
    /// at everything.
    public func reload(changed changes: [PathChange]) -> LoadResult {
        guard !hasAliases, changes.allSatisfy(isWhereItWas) else { return reload() }
        var parsed = 0
        var hasChanged = false
        var sameKeys = true
        for change in changes {
            let path = change.path
            guard let known = files[path] else {
                if isNothing(change) { continue }
                return reload(always: hasChanged)
            }
            guard let stamp = FileSystem.stamp(ofPlainFile: path) else {
                return reload(always: hasChanged)
            }
            let (file, what) = refresh(path, stamp)
            guard let file else { return reload(always: true) }
            if what != .none { parsed += 1 }
            if what == .content {
                hasChanged = true
                if !file.parsed.objects.elementsEqual(
                    known.parsed.objects, by: { $0.key == $1.key })
                {
                    sameKeys = false
                }
            }
            files[path] = file
            if file !== known, let place = inOrder.firstIndex(where: { $0 === known }) {
                inOrder[place] = file
            }
        }
        return combined(parsed: parsed, hasChanged: hasChanged, mayHaveDuplicates: !sameKeys)
    }

    /// A swap file or a backup that came and went: not a file of ours, and no way to one.
    private func isNothing(_ change: PathChange) -> Bool {
        guard change.hadNoLink, hasFoldersAlone else { return false }
        let name = change.path.split(separator: "/").last.map(String.init) ?? ""
        guard let kind = FileSystem.kindItself(of: change.path) else { return true }
        return kind == .regular && !Scan.isResource(name)
    }

    /// The folder is the one that was listed: a link to another would have other files.
    private func isWhereItWas(_ change: PathChange) -> Bool {
        let folder = Scan.parent(of: change.path)
        guard let listed = folderIdentities[folder] else { return false }
        return (try? FileSystem.stamp(of: folder))?.identity == listed
    }
}
