// The few calls to the system that reading resources needs: look at a path, list a folder, read a
// file. The only file of the module that speaks C, so that the rest is plain Swift over values.
internal import Glibc

/// Why the system did not give what was asked for: its own words.
struct FileError: Error, Equatable {
    let code: Int32

    var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    /// `No such file or directory`
    var message: String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    static var last: FileError { FileError(code: errno) }
    static let tooLarge = FileError(code: EFBIG)
}

/// What tells one state of a file from another without reading it.
struct FileStamp: Equatable, Sendable {
    enum Kind: Sendable {
        case regular, directory
        /// A pipe, a terminal, a device: can be read once.
        case stream
    }

    var kind: Kind
    var device: UInt64
    var inode: UInt64
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    /// Of the inode: also moves when a file is replaced by one with an older date.
    var changed: Int64
}

/// Identity of a file or folder, whatever it is called.
struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64
}

extension FileStamp {
    var identity: FileIdentity { FileIdentity(device: device, inode: inode) }

    fileprivate init(_ status: stat) {
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            default: .stream
            }
        self.init(
            kind: kind, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            size: Int64(status.st_size), modified: FileSystem.nanoseconds(status.st_mtim),
            changed: FileSystem.nanoseconds(status.st_ctim))
    }
}

enum FileSystem {
    /// Links are followed.
    static func stamp(of path: String) throws(FileError) -> FileStamp {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw .last }
        return FileStamp(status)
    }

    /// Nil for anything but a file that has this name alone and is reached by no link.
    static func stamp(ofPlainFile path: String) -> FileStamp? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_nlink == 1 else { return nil }
        let stamp = FileStamp(status)
        return stamp.kind == .regular ? stamp : nil
    }

    /// What is there under this name, a link being a stream here; nil where nothing is.
    static func kindItself(of path: String) -> FileStamp.Kind? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            return FileError.last.isMissing ? nil : .stream
        }
        return FileStamp(status).kind
    }

    fileprivate static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Nanoseconds since 1970, by the clock that stamps files.
    static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    /// Names in a folder, in order; without `.` and `..`.
    static func names(in path: String) throws(FileError) -> [String] {
        guard let folder = unsafe opendir(path) else { throw .last }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                let length = unsafe bytes.firstIndex(of: 0) ?? bytes.count
                return unsafe String(decoding: bytes[..<length], as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        // Strings compare a word at a time, their bytes one by one: a folder of ten thousand files
        // is looked at every few seconds. Bytes decide between spellings of one text.
        return names.sorted {
            $0 < $1 || ($0 == $1 && $0.utf8.lexicographicallyPrecedes($1.utf8))
        }
    }

    /// The whole file; an error where it has more bytes than `limit`.
    static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last }
        // A file may grow while it is read, and a pipe has no size at all.
        var room = max(Int(status.st_size) + 1, 1 << 14)
        var bytes: [UInt8] = []
        while true {
            let chunk = try chunk(of: descriptor, room: min(room, limit + 1))
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
            guard bytes.count <= limit else { throw .tooLarge }
            if chunk.count < min(room, limit + 1) { return bytes }
            room = 1 << 16
        }
    }

    /// The next `room` bytes; fewer only at the end.
    private static func chunk(of descriptor: Int32, room: Int) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let chunk = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            while count < room {
                let read = unsafe Glibc.read(
                    descriptor, buffer.baseAddress?.advanced(by: count), room - count)
                if read == 0 { return }
                if read < 0 {
                    if errno == EINTR { continue }
                    failure = .last
                    return
                }
                count += read
            }
        }
        if let failure { throw failure }
        return chunk
    }
}
