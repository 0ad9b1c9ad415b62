// A moment, in whole seconds since 1970 without leap seconds.
// X.509 knows no finer time, and every function that depends on the clock takes the moment as a
// value, so that expiry is tested without waiting for it.

public struct UnixTime: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z; may be negative.
    public let seconds: Int64

    public init(_ seconds: Int64) {
        self.seconds = seconds
    }

    public static func < (left: UnixTime, right: UnixTime) -> Bool {
        left.seconds < right.seconds
    }

    /// Saturates where the sum does not fit.
    public static func + (time: UnixTime, seconds: Int64) -> UnixTime {
        let (sum, overflows) = time.seconds.addingReportingOverflow(seconds)
        return UnixTime(overflows ? (seconds < 0 ? .min : .max) : sum)
    }

    public static func - (time: UnixTime, seconds: Int64) -> UnixTime {
        seconds == .min ? time + .max : time + -seconds
    }

    /// Seconds from `right` to `left`.
    public static func - (left: UnixTime, right: UnixTime) -> Int64 {
        let (difference, overflows) = left.seconds.subtractingReportingOverflow(right.seconds)
        return overflows ? (left < right ? .min : .max) : difference
    }

    /// The last moment a certificate can name: 9999-12-31T23:59:59Z, "no well-defined expiration"
    /// (RFC 5280 section 4.1.2.5).
    public static let endOfCalendar = UnixTime(253_402_300_799)
}

extension UnixTime: CustomStringConvertible {
    /// `2026-11-21T07:02:54Z` (RFC 3339), UTC.
    public var description: String {
        let days = seconds >= 0 ? seconds / 86400 : (seconds + 1) / 86400 - 1
        let rest = seconds - days * 86400
        let (year, month, day) = UnixTime.date(daysSince1970: days)
        return "\(UnixTime.padded(year, 4))-\(UnixTime.padded(month, 2))-\(UnixTime.padded(day, 2))"
            + "T\(UnixTime.padded(rest / 3600, 2)):\(UnixTime.padded(rest / 60 % 60, 2))"
            + ":\(UnixTime.padded(rest % 60, 2))Z"
    }

    /// Howard Hinnant's "civil from days": years begin in March, so that the leap day is last, and
    /// 400 years are always 146097 days.
    private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let marchDay = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * marchDay + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            marchDay - (153 * marchMonth + 2) / 5 + 1
        )
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
