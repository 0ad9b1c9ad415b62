// Points in time as Kubernetes writes them (RFC 3339), to seconds since 1970.
// A few lines, so that the module needs no Foundation.

enum Timestamp {
    /// `2021-10-05T01:23:45Z`, fractions and offsets allowed; nil for anything else.
    static func seconds(_ text: ArraySlice<UInt8>) -> Int64? {
        var rest = text
        func number(_ digits: Int) -> Int64? {
            guard rest.count >= digits else { return nil }
            var value: Int64 = 0
            for byte in rest.prefix(digits) {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            rest.removeFirst(digits)
            return value
        }
        func skip(_ any: String) -> UInt8? {
            guard let first = rest.first, any.utf8.contains(first) else { return nil }
            rest.removeFirst()
            return first
        }
        guard let year = number(4), skip("-") != nil, let month = number(2), skip("-") != nil,
            let day = number(2), skip("Tt ") != nil, let hour = number(2), skip(":") != nil,
            let minute = number(2), skip(":") != nil, let second = number(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        if skip(".") != nil {
            let fraction = rest.prefix { (0x30...0x39).contains($0) }
            guard !fraction.isEmpty else { return nil }
            rest.removeFirst(fraction.count)
        }
        var offset: Int64 = 0
        switch skip("Zz+-") {
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            let isWest = text[rest.startIndex - 1] == UInt8(ascii: "-")
            guard let hours = number(2), skip(":") != nil, let minutes = number(2) else {
                return nil
            }
            offset = (hours * 60 + minutes) * (isWest ? -60 : 60)
        case .some: break
        case nil: return nil
        }
        guard rest.isEmpty else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        return days * 86_400 + hour * 3_600 + minute * 60 + second - offset
    }

    /// Howard Hinnant's days_from_civil, of the proleptic Gregorian calendar.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
