// A folder of one's own that is gone when its owner is: for what a demonstration makes and nobody
// needs afterwards. Only its owner's user can look into it.
internal import CLinux
internal import Glibc

public final class TemporaryFolder {
    public let path: String

    /// - Parameter prefix: what its name begins with, below `TMPDIR` or `/tmp`.
    public init(prefix: String) throws(NetError) {
        let place = Machine.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(place)/\(prefix)XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe mkdtemp(start) != nil
        }
        guard made else { throw NetError(call: "mkdtemp", errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A file in it that everybody may read who is shown it. - Returns: its path.
    public func write(_ name: String, _ text: String) throws(NetError) -> String {
        let file = "\(path)/\(name)"
        let raw = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard raw >= 0 else { throw NetError(call: "open", errno: errno) }
        let descriptor = Descriptor(raw)
        let bytes = Array(text.utf8)
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(descriptor.raw, $0.baseAddress, $0.count)
        }
        guard count == bytes.count else { throw NetError(call: "write", errno: errno) }
        return file
    }

    /// Removes a file in it, where there is one.
    public func remove(_ name: String) { _ = unsafe unlink("\(path)/\(name)") }

    deinit { Self.remove(path) }

    /// Links are removed and never followed.
    private static func remove(_ path: String) {
        if let folder = unsafe opendir(path) {
            var names: [String] = []
            while let entry = unsafe readdir(folder) {
                let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { names.append(name) }
            }
            unsafe closedir(folder)
            for name in names {
                let child = "\(path)/\(name)"
                var status = stat()
                guard unsafe lstat(child, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    remove(child)
                } else {
                    unsafe unlink(child)
                }
            }
        }
        unsafe rmdir(path)
    }
}
