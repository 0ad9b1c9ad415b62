// Moments as people and machines read them in logs: RFC 3339, UTC, milliseconds.
internal import Telemetry

enum TimeText {
    /// `2026-11-21T06:57:22.123Z`
    static func text(wallNs: UInt64) -> String {
        let time = CalendarTime(secondsSince1970: Int64(wallNs / 1_000_000_000))
        let date = "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
        let clock =
            "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
        return "\(date)T\(clock).\(padded(Int64(wallNs / 1_000_000 % 1000), 3))Z"
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
