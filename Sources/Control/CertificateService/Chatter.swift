// How much is said about single calls: a few lines a second, for a mesh that renews all at once
// must not drown its own log, nor a stranger fill a disk.

struct Chatter {
    private static let linesASecond = 20
    private var second: UInt64 = 0
    private var count = 0

    mutating func allows(atMs now: UInt64) -> Bool {
        if now / 1000 != second {
            second = now / 1000
            count = 0
        }
        count += 1
        return count <= Self.linesASecond
    }
}
