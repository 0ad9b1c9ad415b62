// One file as the store knows it: how it looked on disk, and what it held.
// Enough to see without reading it whether it may have changed, and without parsing whether it has.
internal import Spec

/// A class, because ten thousand of them are moved from table to table with every scan.
final class StoredFile {
    /// Nil for standard input.
    var stamp: FileStamp?
    /// The file was old enough when it was read that a later change has to show in its stamp.
    var isSettled: Bool
    /// Of the bytes, to tell a touched file from a changed one.
    let digest: UInt64
    let parsed: ParsedFile

    init(stamp: FileStamp?, isSettled: Bool, digest: UInt64, parsed: ParsedFile) {
        self.stamp = stamp
        self.isSettled = isSettled
        self.digest = digest
        self.parsed = parsed
    }

    /// FNV-1a over words; told apart are states of one file, not files of an attacker's choice.
    static func digest(of bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bytes.count)
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
