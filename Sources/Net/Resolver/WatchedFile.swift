// A file whose changes matter to every look-up of a name, of which there may be thousands a second.
internal import CLinux
internal import Glibc

/// The kernel is asked about it once in a round of the loop.
struct WatchedFile {
    private let path: String
    /// The inner nil: there is no such file.
    private var stamp: FileStamp??
    private var lookedAtMs: UInt64 = 0

    init(_ path: String) {
        self.path = path
    }

    /// Whether it is another than at the last call; true at the first.
    mutating func hasChanged(nowMs: UInt64) -> Bool {
        if stamp != nil, nowMs == lookedAtMs { return false }
        lookedAtMs = nowMs
        let now = FileStamp(path)
        if let stamp, stamp == now { return false }
        stamp = .some(now)
        return true
    }
}

/// Tells whether a file is the one it was.
private struct FileStamp: Equatable {
    private let inode: UInt64
    private let bytes: Int64
    private let seconds: Int
    private let nanoseconds: Int

    /// nil where there is no such file.
    init?(_ path: String) {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        inode = UInt64(facts.st_ino)
        bytes = Int64(facts.st_size)
        seconds = facts.st_mtim.tv_sec
        nanoseconds = facts.st_mtim.tv_nsec
    }
}
