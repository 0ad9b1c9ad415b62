// How a gRPC call ended: the code and words of its trailers.

/// The codes that are used here (gRPC, `statuscodes.md`).
enum GRPCCode: Int, Sendable {
    case ok = 0
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case unauthenticated = 16
}

struct GRPCStatus: Error, Equatable, Sendable {
    /// As it came; codes that are not named here stay as they are.
    let code: Int
    let message: String

    init(_ code: GRPCCode, _ message: String = "") {
        self.code = code.rawValue
        self.message = message
    }

    init(code: Int, message: String) {
        self.code = code
        self.message = message
    }

    static let ok = GRPCStatus(.ok)

    func isCode(_ code: GRPCCode) -> Bool { self.code == code.rawValue }

    /// `grpc-status` and `grpc-message` lines (PROTOCOL-HTTP2, "Responses").
    var lines: [UInt8] {
        var lines = Array("grpc-status: \(code)\r\n".utf8)
        if !message.isEmpty {
            lines += "grpc-message: ".utf8
            lines += Self.percentEncoded(message)
            lines += "\r\n".utf8
        }
        return lines
    }

    /// Everything but printable ASCII, and the percent sign itself, is written as `%XX`.
    static func percentEncoded(_ text: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return out
    }

    /// What is no valid escape stays as it is: the message is for people.
    static func percentDecoded(_ text: [UInt8]) -> String {
        var out: [UInt8] = []
        var index = 0
        func digit(_ byte: UInt8) -> UInt8? {
            Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
        }
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
                let high = digit(text[index + 1]), let low = digit(text[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
