// Reading whole files and pipes: for the desk and the tool, never on a loop that serves requests.
internal import Glibc

extension File {
    /// The bytes of a file, at most `bytesMax` of them.
    public static func read(_ path: String, bytesMax: Int = Int.max) throws(NetError) -> [UInt8] {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw NetError(call: "open \(path)", errno: errno) }
        let descriptor = Descriptor(raw)
        return try read(descriptor.raw, bytesMax: bytesMax)
    }

    /// What is left to read of an open file or pipe, at most `bytesMax` bytes of it.
    public static func read(
        _ descriptor: Int32, bytesMax: Int = Int.max
    ) throws(NetError) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < bytesMax {
            let wanted = min(block.count, bytesMax - bytes.count)
            let count = unsafe Glibc.read(descriptor, &block, wanted)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw NetError(call: "read", errno: errno) }
            if count == 0 { break }
            bytes += block[..<count]
        }
        return bytes
    }

    /// Makes `descriptor` mean the file that `path` names now, in one step: who writes to it goes
    /// on writing and never sees it closed. For logs that were moved away.
    public static func reopen(_ descriptor: Int32, appendingTo path: String) throws(NetError) {
        let fresh = Descriptor(try openLog(path))
        guard dup2(fresh.raw, descriptor) >= 0 else {
            throw NetError(call: "dup2", errno: errno)
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
}
