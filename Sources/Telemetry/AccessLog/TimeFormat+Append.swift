// Printing a moment by a time format.
// Apart from parsing: this runs for every line, parsing once.

extension TimeFormat {
    private static let monthNames: [String] = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let shortMonthNames: [String] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let weekdayNames: [String] = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let shortWeekdayNames: [String] = [
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
    ]

    /// - Parameters:
    ///   - seconds: since 1970.
    ///   - nanoseconds: below 1,000,000,000.
    public func append(seconds: Int64, nanoseconds: UInt32, to out: inout [UInt8]) {
        let time = CalendarTime(secondsSince1970: seconds)
        for piece in pieces {
            switch piece {
            case .literal(let bytes): out.append(contentsOf: bytes)
            case .fraction(let digits): Self.append(nanoseconds, digits: digits, to: &out)
            case .secondsWithFraction(let digits):
                Self.append(time.second, 2, &out)
                out.append(UInt8(ascii: "."))
                Self.append(nanoseconds, digits: digits, to: &out)
            case .conversion(let letter):
                Self.append(letter, time, seconds, to: &out)
            }
        }
    }

    private static func append(_ nanoseconds: UInt32, digits: Int, to out: inout [UInt8]) {
        var value = UInt64(nanoseconds)
        for _ in digits..<9 { value /= 10 }
        out.append(decimal: value, width: digits)
    }

    private static func append(_ value: Int64, _ width: Int, _ out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        out.append(decimal: value.magnitude, width: width)
    }

    private static func append(
        _ letter: UInt8, _ time: CalendarTime, _ seconds: Int64, to out: inout [UInt8]
    ) {
        switch letter {
        case UInt8(ascii: "Y"): append(time.year, 4, &out)
        case UInt8(ascii: "y"): append((time.year % 100 + 100) % 100, 2, &out)
        case UInt8(ascii: "m"): append(time.month, 2, &out)
        case UInt8(ascii: "d"): append(time.day, 2, &out)
        case UInt8(ascii: "e"):
            if time.day < 10 { out.append(UInt8(ascii: " ")) }
            out.append(decimal: time.day.magnitude)
        case UInt8(ascii: "H"): append(time.hour, 2, &out)
        case UInt8(ascii: "I"): append((time.hour + 11) % 12 + 1, 2, &out)
        case UInt8(ascii: "M"): append(time.minute, 2, &out)
        case UInt8(ascii: "S"): append(time.second, 2, &out)
        case UInt8(ascii: "p"): out.append(time.hour < 12 ? "AM" : "PM")
        case UInt8(ascii: "j"): append(time.dayOfYear, 3, &out)
        case UInt8(ascii: "a"): out.append(shortWeekdayNames[Int(time.weekday)])
        case UInt8(ascii: "A"): out.append(weekdayNames[Int(time.weekday)])
        case UInt8(ascii: "b"), UInt8(ascii: "h"):
            out.append(shortMonthNames[Int(time.month) - 1])
        case UInt8(ascii: "B"): out.append(monthNames[Int(time.month) - 1])
        case UInt8(ascii: "s"): out.append(String(seconds))
        case UInt8(ascii: "z"): out.append("+0000")
        case UInt8(ascii: "Z"): out.append("UTC")
        case UInt8(ascii: "n"): out.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "t"): out.append(UInt8(ascii: "\t"))
        default: appendCompound(letter, time, seconds, to: &out)
        }
    }

    /// Conversions that stand for several others.
    private static func appendCompound(
        _ letter: UInt8, _ time: CalendarTime, _ seconds: Int64, to out: inout [UInt8]
    ) {
        let (letters, separator): (String, UInt8) =
            switch letter {
            case UInt8(ascii: "F"): ("Ymd", UInt8(ascii: "-"))
            case UInt8(ascii: "D"): ("mdy", UInt8(ascii: "/"))
            case UInt8(ascii: "R"): ("HM", UInt8(ascii: ":"))
            default: ("HMS", UInt8(ascii: ":"))
            }
        var isFirst = true
        for part in letters.utf8 {
            if !isFirst { out.append(separator) }
            isFirst = false
            append(part, time, seconds, to: &out)
        }
    }
}
