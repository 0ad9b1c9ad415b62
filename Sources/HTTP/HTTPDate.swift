// The Date field's value (RFC 9110 section 5.6.7, IMF-fixdate), made once a second.
public import Net

/// `Sun, 06 Nov 1994 08:49:37 GMT`; one a loop.
public struct HTTPDate: ~Copyable {
    private var second: UInt64 = .max
    private var text = Buffer(capacity: 32)

    public init() {}

    /// Appends the date for a wall clock in nanoseconds since 1970.
    @inline(__always)
    public mutating func append(to out: inout Buffer, wallNs: UInt64) {
        let now = wallNs / 1_000_000_000
        if now != second { format(now) }
        out.append(text.readable)
    }

    private mutating func format(_ now: UInt64) {
        second = now
        text.removeAll()
        let days = now / 86400
        let rest = now % 86400
        text.append(Self.weekdays[Int((days + 4) % 7)])
        text.append(", ")
        // Howard Hinnant's civil_from_days, for dates from 1970 on.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        appendTwo(day)
        text.append(0x20)
        text.append(Self.months[Int(month - 1)])
        text.append(0x20)
        text.append(decimal: year)
        text.append(0x20)
        appendTwo(rest / 3600)
        text.append(0x3a)
        appendTwo(rest / 60 % 60)
        text.append(0x3a)
        appendTwo(rest % 60)
        text.append(" GMT")
    }

    private mutating func appendTwo(_ value: UInt64) {
        if value < 10 { text.append(0x30) }
        text.append(decimal: value)
    }

    private static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
