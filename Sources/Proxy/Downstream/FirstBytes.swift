// What a client speaks, by the first bytes it sends: HTTP, or something else.
// A request line is asked for in full (RFC 9112 section 3), as Envoy's http_inspector does: the
// first words of other protocols look like methods often enough.
import HTTP
import Net

enum FirstBytes {
    enum Speech { case http, other, undecided }

    private static let methodBytesMax = 24
    /// Longer lines are taken for requests, whose targets are what grows so long.
    private static let lineBytesMax = 8192

    /// Of HTTP/1, and of HTTP/2 with prior knowledge (`PRI * HTTP/2.0`).
    static func speech(of bytes: ByteView) -> Speech {
        // RFC 9112 section 2.2: empty lines before a request line are let pass.
        var index = 0
        while index < min(bytes.count, 4), bytes[index] == 0x0d || bytes[index] == 0x0a {
            index += 1
        }
        let start = index
        while index < bytes.count, bytes[index] != 0x20 {
            let isLetter = bytes[index] >= 0x41 && bytes[index] <= 0x5a
            guard isLetter || bytes[index] == 0x2d || bytes[index] == 0x5f,
                index - start < methodBytesMax
            else { return .other }
            index += 1
        }
        guard index < bytes.count else { return .undecided }
        guard index > start else { return .other }
        index += 1
        while index < bytes.count, bytes[index] != 0x0a {
            // No control characters in a request line but its CR.
            guard bytes[index] >= 0x20 || bytes[index] == 0x0d else { return .other }
            index += 1
            if index > lineBytesMax { return .http }
        }
        guard index < bytes.count else { return .undecided }
        var end = index
        if end > start, bytes[end - 1] == 0x0d { end -= 1 }
        let version = ByteView(" HTTP/")
        let digits = 3
        guard end - start > version.count + digits else { return .other }
        let place = end - version.count - digits
        for offset in 0..<version.count where bytes[place + offset] != version[offset] {
            return .other
        }
        return .http
    }
}
