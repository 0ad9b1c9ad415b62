// How commands end: sysexits.h where it has a word for it, as istioctl's users expect.

public enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    case failure = 1
    /// EX_USAGE: the command line.
    case usage = 64
    /// EX_DATAERR: what was read is wrong.
    case badData = 65
    /// EX_UNAVAILABLE: a server could not be reached.
    case unavailable = 69
    /// EX_IOERR: a file, a folder or an address could not be used.
    case inputOutput = 74
    /// EX_NOPERM
    case notPermitted = 77
    /// EX_CONFIG: the configuration the gateway was to start with.
    case badConfiguration = 78
}
