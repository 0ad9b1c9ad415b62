// Seconds since 1970 as a date and a time of day, in UTC.
// Done here with integers, because the C library's version locks and allocates, and log lines are
// written on the request path.

/// A moment of the proleptic Gregorian calendar, UTC.
public struct CalendarTime: Sendable, Equatable {
    public let year: Int64
    /// 1...12
    public let month: Int64
    /// 1...31
    public let day: Int64
    public let hour: Int64
    public let minute: Int64
    public let second: Int64
    /// 0 is Sunday.
    public let weekday: Int64
    /// 1...366
    public let dayOfYear: Int64

    /// - Parameter seconds: since 1970-01-01T00:00:00Z, without leap seconds; may be negative.
    public init(secondsSince1970 seconds: Int64) {
        let days = Self.floorDivide(seconds, 86400)
        let rest = seconds - days * 86400
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
        weekday = ((days + 4) % 7 + 7) % 7

        // Howard Hinnant's "civil from days": years begin in March, so that the leap day is last,
        // and 400 years are always 146097 days.
        let shifted = days + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let marchDay = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * marchDay + 2) / 153
        day = marchDay - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let before: [Int64] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        dayOfYear = before[Int(month) - 1] + day + (isLeap && month > 2 ? 1 : 0)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
