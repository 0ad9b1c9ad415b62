// The few file operations the data plane and its desk need, without Foundation.
internal import Glibc

public enum File {
    /// Opens for appending, making the file if need be (0640).
    public static func openForAppending(_ path: String) throws(NetError) -> Int32 {
        let raw = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard raw >= 0 else { throw NetError(call: "open \(path)", errno: errno) }
        return raw
    }

    /// Writes all of it, as far as the file takes it.
    public static func append(_ bytes: ByteView, to descriptor: Int32) {
        var rest = bytes
        while rest.count > 0 {
            let count = unsafe Glibc.write(descriptor, rest.base, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.suffix(from: count)
        }
    }
}
