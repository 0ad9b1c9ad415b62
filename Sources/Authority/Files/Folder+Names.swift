// Which hidden files are in a folder: the ones that only a crash leaves there.
internal import Glibc

extension Folder {
    /// Names that begin with a dot, without `.` and `..`; none where the folder cannot be read.
    var hiddenNames: [String] {
        guard let stream = unsafe opendir(path.isEmpty ? "." : path) else { return [] }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix("."), name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
