// What the operating system lets this process have.
internal import CLinux

public enum ProcessLimits {
    /// Raises the limit of open descriptors to the hard limit; returns what is in force now.
    @discardableResult
    public static func raiseDescriptorLimit() -> Int {
        var limit: UInt64 = 0
        _ = unsafe isthmus_raise_file_limit(&limit)
        return Int(clamping: limit)
    }

    /// Gives back to the system what a finished piece of work has left behind: memory it has freed,
    /// and its code. Code that is used goes on from the file's cache, for a minor fault every 64
    /// KiB; most of what reads and compiles a configuration is not used again for hours. What stays
    /// of a large configuration moves to large pages.
    public static func releaseMemory() {
        _ = malloc_trim(0)
        isthmus_collapse_heap()
        isthmus_release_code()
    }
}
