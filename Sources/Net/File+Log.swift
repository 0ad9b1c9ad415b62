// Files that many lines a second go to, from loops that must not wait for them.
// A pipe whose reader is slow, or a full disk, costs lines; a loop that waited would cost requests.
internal import Glibc

/// What became of lines that were to be written.
public enum LinesWritten: Equatable {
    /// As many bytes as the file takes now, whole lines; the rest may be tried again later.
    case taken(Int)
    /// The file takes nothing: errno.
    case failed(Int32)
}

extension File {
    /// Opens for appending, making the file if need be (0640), for writes that do not wait.
    public static func openLog(_ path: String) throws(NetError) -> Int32 {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK
        let raw = unsafe open(path, flags, 0o640)
        guard raw >= 0 else { throw NetError(call: "open \(path)", errno: errno) }
        return raw
    }

    /// Standard output for writes that do not wait. It is opened a second time where that can be,
    /// for the mark would be seen by every process that shares the first.
    public static func standardOutputLog() -> Int32 {
        let raw = unsafe open(
            "/proc/self/fd/1", O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK)
        if raw >= 0 { return raw }
        // A socket, as systemd's journal gives one, cannot be opened again; it is ours alone.
        let flags = fcntl(1, F_GETFL)
        if flags >= 0 { _ = fcntl(1, F_SETFL, flags | O_NONBLOCK) }
        return 1
    }

    /// True for a file on a disk, which takes a write as a whole; a pipe does so up to PIPE_BUF.
    public static func isRegular(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// Writes whole lines without waiting. - Parameter isRegular: of the file; asked once.
    public static func write(
        lines: ByteView, to descriptor: Int32, isRegular: Bool
    ) -> LinesWritten {
        var taken = 0
        while taken < lines.count {
            let rest = lines.suffix(from: taken)
            let piece = isRegular ? rest : rest.wholeLines(within: Int(PIPE_BUF))
            let count = unsafe Glibc.write(descriptor, piece.base, piece.count)
            if count >= 0 {
                taken += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .taken(taken)
            case let code: return taken > 0 ? .taken(taken) : .failed(code)
            }
        }
        return .taken(taken)
    }
}

extension ByteView {
    /// As many lines as fit into `limit` bytes: a write of so many is never mixed with another
    /// one's. A line that is longer alone is taken whole.
    fileprivate func wholeLines(within limit: Int) -> ByteView {
        guard count > limit else { return self }
        let last = prefix(limit).lastIndex(of: 0x0A)
        if last >= 0 { return prefix(last + 1) }
        let next = index(of: 0x0A, from: limit)
        return next >= 0 ? prefix(next + 1) : self
    }
}
