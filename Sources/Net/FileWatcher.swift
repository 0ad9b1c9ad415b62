// Tells what changed in watched folders (inotify), so that a configuration is live soon after it is
// saved. It only says where to look: what changed is found by reading, as events can be lost.
internal import CLinux
internal import Glibc

/// Watches folders, not files: editors and Kubernetes replace files by renaming others over them,
/// which a watch on the file itself would not survive.
public final class FileWatcher: Pollable {
    private let descriptor: Descriptor
    private var folders: [Int32: String] = [:]
    private var watches: [String: Int32] = [:]
    private let changed: (FolderChanges) -> Void

    /// `changed` runs on the loop's thread, once for every batch of events.
    public init(loop: Loop, changed: @escaping (FolderChanges) -> Void) throws(NetError) {
        let raw = isthmus_inotify()
        guard raw >= 0 else { throw NetError(call: "inotify_init1", errno: isthmus_errno()) }
        descriptor = Descriptor(raw)
        self.changed = changed
        super.init()
        try loop.add(self, descriptor: raw, for: .readable)
    }

    /// Watches exactly these folders from now on.
    public func watch(folders wanted: Set<String>) throws(NetError) {
        for (folder, watch) in watches where !wanted.contains(folder) {
            _ = inotify_rm_watch(descriptor.raw, watch)
            watches[folder] = nil
            folders[watch] = nil
        }
        for folder in wanted where watches[folder] == nil {
            let watch = unsafe inotify_add_watch(descriptor.raw, folder, ISTHMUS_WATCH_CHANGES)
            guard watch >= 0 else {
                throw NetError(call: "inotify_add_watch \(folder)", errno: isthmus_errno())
            }
            watches[folder] = watch
            folders[watch] = folder
        }
    }

    override public func ready(_ readiness: Readiness) {
        var any = false
        var changes = FolderChanges()
        var block = Buffer(capacity: 16 * 1024)
        while true {
            block.removeAll()
            let count = block.readFile(descriptor.raw)
            guard count > 0 else { break }
            any = true
            note(block.readable, in: &changes)
        }
        if any { changed(changes) }
    }

    private func note(_ events: ByteView, in changes: inout FolderChanges) {
        var offset = 0
        while offset + 16 <= events.count {
            let watch = Int32(bitPattern: events.littleEndian32(at: offset))
            let mask = events.littleEndian32(at: offset + 4)
            let length = Int(events.littleEndian32(at: offset + 12))
            let folder = folders[watch]
            // A folder that was deleted loses its watch in the kernel; made anew it must be watched
            // anew.
            if mask & UInt32(IN_IGNORED) != 0, let folder {
                folders[watch] = nil
                watches[folder] = nil
            }
            // Lost events, the folder itself, and folders in it: anything may have changed.
            if mask & (ISTHMUS_WATCH_LOST | ISTHMUS_WATCH_DIRECTORY | ISTHMUS_WATCH_MOVED) == 0,
                length > 0, offset + 16 + length <= events.count, let folder
            {
                var name = events.suffix(from: offset + 16).prefix(length)
                let end = name.index(of: 0)
                if end >= 0 { name = name.prefix(end) }
                let path = folder.hasSuffix("/") ? folder + name.string : "\(folder)/\(name.string)"
                // Who closes a file it wrote, or makes one, does so to no link.
                let hadNoLink = mask & UInt32(IN_CREATE | IN_CLOSE_WRITE) != 0
                changes.add(path, hadNoLink: hadNoLink)
            } else {
                changes.isEverything = true
            }
            offset += 16 + length
        }
    }
}

extension ByteView {
    fileprivate func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16
            | UInt32(self[offset + 3]) << 24
    }
}

extension Buffer {
    /// One `read` behind the tail; returns what it returned.
    mutating func readFile(_ descriptor: Int32) -> Int {
        reserve(4096)
        guard let base = unsafe base else { return -1 }
        let count = unsafe Glibc.read(descriptor, base + tail, capacity - tail)
        if count > 0 { tail += count }
        return count
    }
}
