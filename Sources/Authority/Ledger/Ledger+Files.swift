// Files that change together with the ledger.
// New files are staged and synced first, then named in the transaction that decides on them, and
// renamed into place after it. A crash before the commit leaves the old files; one after it, the
// list of what is left to do, which the next process finds and does.

/// A file of the authority that is to be written, or removed.
struct FileChange {
    let name: String
    /// nil: removed.
    let bytes: [UInt8]?
}

extension Ledger {
    private static func staged(_ name: String) -> String { ".staged-\(name)" }

    /// Stages files and notes them down. Inside of `write`, whose lock keeps others out.
    func note(_ changes: [FileChange], in folder: Folder) throws(AuthorityError) {
        for change in changes {
            var staged = SQLValue.null
            if let bytes = change.bytes {
                let name = Ledger.staged(change.name)
                try folder.create(name, bytes, access: AuthorityFile.access(of: change.name))
                staged = .text(name)
            }
            try database.run(
                "INSERT INTO file_changes (staged, target) VALUES (?, ?)", staged,
                .text(change.name))
        }
        try folder.sync()
    }

    /// Puts noted files into place; each step can be done again.
    func finishFiles(in folder: Folder) throws(AuthorityError) {
        guard try hasUnfinishedFiles() else { return }
        try write { () throws(AuthorityError) in
            let rows = try database.rows(
                "SELECT staged, target FROM file_changes ORDER BY position")
            for row in rows {
                guard let target = row[1].text else { continue }
                if let staged = row[0].text {
                    if folder.contains(staged) { try folder.move(staged, to: target) }
                } else {
                    try folder.remove(target)
                }
            }
            try folder.sync()
            try database.run("DELETE FROM file_changes")
        }
    }

    /// Removes what a process left that was killed before it decided: copies of keys among them.
    func sweepFiles(in folder: Folder) throws(AuthorityError) {
        func leftovers() -> [String] {
            folder.hiddenNames.filter {
                $0.hasPrefix(Ledger.staged("")) || $0.hasSuffix(Folder.unfinishedSuffix)
            }
        }
        if leftovers().isEmpty { return }
        try write { () throws(AuthorityError) in
            // Files are staged by whoever may write to the ledger, and that is nobody else now.
            guard try !hasUnfinishedFiles() else { return }
            for name in leftovers() { try folder.remove(name) }
        }
    }

    func hasUnfinishedFiles() throws(AuthorityError) -> Bool {
        try database.rows("SELECT count(*) FROM file_changes").first?.first?.integer != 0
    }
}
