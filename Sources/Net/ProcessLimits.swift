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

    /// Gives memory that a finished piece of work has freed back to the system.
    public static func releaseFreeMemory() {
        _ = malloc_trim(0)
    }
}
