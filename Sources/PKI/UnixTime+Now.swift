// Asks the system what time it is.
// The one place where this module looks at a clock; everything else is told the time.
internal import Glibc

extension UnixTime {
    public static var now: UnixTime {
        UnixTime(Int64(time(nil)))
    }
}
