// A folder whose files are replaced whole or not at all, and are on the disk when we say so.
// Every write goes to a new file, is synced, and is renamed into place; whoever reads at the same
// time sees the old file or the new one, and a crash leaves one of the two.
internal import Glibc

struct Folder {
    let path: String

    /// Who may read a file.
    enum Access {
        /// Keys and the ledger: the owner only.
        case owner
        case everybody

        var mode: mode_t {
            switch self {
            case .owner: 0o600
            case .everybody: 0o644
            }
        }
    }

    /// What the name of a file ends in until it is in its place.
    static let unfinishedSuffix = ".unfinished"

    func path(of name: String) -> String {
        path.isEmpty || path == "." ? name : path.hasSuffix("/") ? path + name : path + "/" + name
    }

    /// Makes the folder and those above it, for its owner only.
    func make() throws(AuthorityError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if unsafe mkdir(made, 0o700) != 0, errno != EEXIST {
                throw .lastFailure("make", made)
            }
        }
    }

    func contains(_ name: String) -> Bool {
        var facts = stat()
        return unsafe lstat(path(of: name), &facts) == 0
    }

    /// As `contains`, where "may not look" is no answer.
    func has(_ name: String) throws(AuthorityError) -> Bool {
        var facts = stat()
        if unsafe lstat(path(of: name), &facts) == 0 { return true }
        if errno == ENOENT || errno == ENOTDIR { return false }
        throw .lastFailure("read", path(of: name))
    }

    /// nil where there is no such file.
    func read(_ name: String) throws(AuthorityError) -> [UInt8]? {
        let path = path(of: name)
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .lastFailure("read", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .lastFailure("read", path)
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > AuthorityLimits.fileBytesMax {
                throw .file(operation: "read", path: path, code: EFBIG, reason: "too large")
            }
        }
    }

    /// Puts a file in place, over one of that name.
    func replace(_ name: String, with bytes: [UInt8], access: Access) throws(AuthorityError) {
        let staged = ".\(name).\(getpid())\(Folder.unfinishedSuffix)"
        try create(staged, bytes, access: access)
        try move(staged, to: name)
        try sync()
    }

    /// Writes a file that must not exist, and syncs it.
    func create(_ name: String, _ bytes: [UInt8], access: Access) throws(AuthorityError) {
        let path = path(of: name)
        // What a crashed process of the same number left; nobody else uses such names.
        if name.hasPrefix(".") { unsafe unlink(path) }
        let descriptor = unsafe open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, access.mode)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .exists(path: path) }
            throw .lastFailure("write", path)
        }
        defer { close(descriptor) }
        // The process's mask must not widen or narrow what a key file is.
        guard fchmod(descriptor, access.mode) == 0 else { throw .lastFailure("protect", path) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .lastFailure("write", path)
            }
            rest.removeFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw .lastFailure("write", path) }
    }

    func move(_ name: String, to target: String) throws(AuthorityError) {
        guard unsafe rename(path(of: name), path(of: target)) == 0 else {
            throw .lastFailure("replace", path(of: target))
        }
    }

    /// No such file is not an error.
    func remove(_ name: String) throws(AuthorityError) {
        if unsafe unlink(path(of: name)) != 0, errno != ENOENT {
            throw .lastFailure("remove", path(of: name))
        }
    }

    /// Makes renames last (fsync of a folder; POSIX leaves it to that).
    func sync() throws(AuthorityError) {
        let name = path.isEmpty ? "." : path
        let descriptor = unsafe open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastFailure("write", name) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .lastFailure("write", name) }
    }

    /// Whether others than the owner can read a file.
    func isExposed(_ name: String) -> Bool {
        var facts = stat()
        return unsafe lstat(path(of: name), &facts) == 0 && facts.st_mode & 0o077 != 0
    }
}
