// The format in `%START_TIME(...)%`: strftime's conversions, and Envoy's for parts of a second.
// Taken apart once like the line itself; the conversions that depend on a locale print English,
// as Envoy's do.

public struct TimeFormat: Sendable, Equatable {
    enum Piece: Sendable, Equatable {
        case literal([UInt8])
        case conversion(UInt8)
        /// `%3f` and `%f` (nine digits).
        case fraction(digits: Int)
        /// `%E3S`: seconds with a point and digits.
        case secondsWithFraction(digits: Int)
    }

    let pieces: [Piece]
    /// True for the default, which has a faster way to be written.
    let isISO8601: Bool

    /// `2023-07-05T10:00:00.123Z`, Envoy's when no format is given.
    public static let iso8601 = TimeFormat(pieces: iso8601Pieces)

    private static let iso8601Pieces: [Piece] = [
        .conversion(UInt8(ascii: "Y")), .literal([UInt8(ascii: "-")]),
        .conversion(UInt8(ascii: "m")), .literal([UInt8(ascii: "-")]),
        .conversion(UInt8(ascii: "d")), .literal([UInt8(ascii: "T")]),
        .conversion(UInt8(ascii: "H")), .literal([UInt8(ascii: ":")]),
        .conversion(UInt8(ascii: "M")), .literal([UInt8(ascii: ":")]),
        .secondsWithFraction(digits: 3), .literal([UInt8(ascii: "Z")]),
    ]

    /// What a format may hold, for error texts and the documentation.
    public static let conversions = [
        "%a", "%A", "%b", "%B", "%d", "%D", "%e", "%F", "%h", "%H", "%I", "%j", "%m", "%M",
        "%n", "%p", "%R", "%s", "%S", "%t", "%T", "%y", "%Y", "%z", "%Z", "%%", "%f", "%1f..%9f",
        "%E1S..%E9S",
    ]

    private static let single = Set("aAbBdDeFhHIjmMnpRsStTyYzZ".utf8)

    private init(pieces: [Piece]) {
        self.pieces = pieces
        isISO8601 = pieces == Self.iso8601Pieces
    }

    init(parsing format: String) throws(AccessLogFormatError.Reason) {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var rest = Array(format.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                literal.append(byte)
                continue
            }
            if rest.first == byte {
                literal.append(byte)
                rest.removeFirst()
                continue
            }
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = []
            pieces.append(try Self.takeConversion(&rest))
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        self.init(pieces: pieces)
    }

    /// Behind a percent sign.
    private static func takeConversion(
        _ rest: inout ArraySlice<UInt8>
    ) throws(AccessLogFormatError.Reason) -> Piece {
        let start = rest
        guard let first = rest.popFirst() else { throw .badTimeConversion("%") }
        switch first {
        case _ where single.contains(first): return .conversion(first)
        case UInt8(ascii: "f"): return .fraction(digits: 9)
        case 0x31...0x39 where rest.first == UInt8(ascii: "f"):
            rest.removeFirst()
            return .fraction(digits: Int(first) - 0x30)
        case UInt8(ascii: "E") where rest.count >= 2 && rest[rest.startIndex + 1] == 0x53:
            let digit = rest[rest.startIndex]
            guard (0x31...0x39).contains(digit) else { break }
            rest.removeFirst(2)
            return .secondsWithFraction(digits: Int(digit) - 0x30)
        default: break
        }
        let shown = String(decoding: start.prefix(3), as: UTF8.self)
        throw .badTimeConversion("%" + shown)
    }
}
