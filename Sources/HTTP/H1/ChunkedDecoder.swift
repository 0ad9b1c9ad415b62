// Takes the chunked transfer coding off a body (RFC 9112 section 7.1) as a state machine over bytes
// shown piece by piece. Sizes are hexadecimal digits and nothing else: no sign, prefix or blank.
public import Net

public struct ChunkedDecoder: ~Copyable {
    public enum Step: Equatable {
        /// Body bytes, at this place of what was shown.
        case data(start: Int, count: Int)
        /// All that was shown is used up.
        case needMore
        /// The body has ended; `trailers` holds the trailer section. Bytes behind `offset` belong
        /// to the next message.
        case end
        case failed(H1Error)
    }

    private enum State {
        case size, extensionText, sizeFeed, data, dataReturn, dataFeed
        case trailerStart, trailerLine, trailerFeed, endFeed, done
    }

    private var state = State.size
    private var remaining: UInt64 = 0
    private var digits = 0
    private var extensionBytes = 0
    /// Trailer field lines as sent, each with its CRLF.
    public var trailers = Buffer()

    public init() {}

    public mutating func reset() {
        state = .size
        remaining = 0
        digits = 0
        extensionBytes = 0
        if trailers.allocatedBytes > 0 { trailers = Buffer() }
    }

    /// Call again with the same `bytes` until it wants more; `offset` moves on.
    public mutating func next(
        _ bytes: ByteView, offset: inout Int, limits: borrowing HTTPLimits
    ) -> Step {
        while offset < bytes.count {
            let byte = bytes[offset]
            switch state {
            case .size:
                let value = hexadecimal(byte)
                if value < 16 {
                    // Sixteen digits are 64 bits; a longer size is an overflow in somebody's
                    // parser.
                    guard digits < 16 else { return .failed(.chunkSize) }
                    remaining = remaining << 4 | UInt64(value)
                    digits += 1
                } else {
                    guard digits > 0, remaining <= UInt64(Int.max) else {
                        return .failed(.chunkSize)
                    }
                    switch byte {
                    case 0x0d: state = .sizeFeed
                    case 0x3b: state = .extensionText
                    default: return .failed(.chunkSize)
                    }
                }
                offset += 1
            case .extensionText:
                extensionBytes += 1
                guard extensionBytes <= limits.chunkExtensionBytesMax else {
                    return .failed(.chunkExtension)
                }
                if byte == 0x0d {
                    state = .sizeFeed
                } else if !H1Scanner.isFieldByte(byte) {
                    return .failed(.chunkExtension)
                }
                offset += 1
            case .sizeFeed:
                guard byte == 0x0a else { return .failed(.chunkSize) }
                state = remaining == 0 ? .trailerStart : .data
                digits = 0
                offset += 1
            case .data:
                let count = Int(min(remaining, UInt64(bytes.count - offset)))
                let start = offset
                remaining -= UInt64(count)
                offset += count
                if remaining == 0 { state = .dataReturn }
                return .data(start: start, count: count)
            case .dataReturn:
                guard byte == 0x0d else { return .failed(.chunkEnd) }
                state = .dataFeed
                offset += 1
            case .dataFeed:
                guard byte == 0x0a else { return .failed(.chunkEnd) }
                state = .size
                offset += 1
            case .trailerStart:
                if byte == 0x0d {
                    state = .endFeed
                    offset += 1
                } else {
                    guard H1Scanner.isToken(byte) else { return .failed(.trailer) }
                    state = .trailerLine
                }
            case .trailerLine:
                if byte == 0x0d {
                    state = .trailerFeed
                } else {
                    guard H1Scanner.isFieldByte(byte) else { return .failed(.trailer) }
                }
                guard trailers.count < limits.trailerBytesMax else {
                    return .failed(.trailerTooLarge)
                }
                trailers.append(byte)
                offset += 1
            case .trailerFeed:
                guard byte == 0x0a else { return .failed(.trailer) }
                trailers.append(byte)
                state = .trailerStart
                offset += 1
            case .endFeed:
                guard byte == 0x0a else { return .failed(.chunkEnd) }
                state = .done
                offset += 1
                return hasValidTrailers() ? .end : .failed(.trailer)
            case .done:
                return .end
            }
        }
        return state == .done ? .end : .needMore
    }

    @inline(__always)
    private func hexadecimal(_ byte: UInt8) -> UInt8 {
        if byte &- 0x30 <= 9 { return byte &- 0x30 }
        let lower = byte | 0x20
        return lower &- 0x61 <= 5 ? lower &- 0x57 : 255
    }

    /// Every line collected must be `token ":" value`.
    private func hasValidTrailers() -> Bool {
        let all = trailers.readable
        var start = 0
        while start < all.count {
            let end = all.index(of: 0x0d, from: start)
            guard end > start else { return false }
            let line = all.slice(start, end - start)
            let name = H1Scanner.tokenLength(line, from: 0)
            guard name > 0, name < line.count, line[name] == 0x3a else { return false }
            start = end + 2
        }
        return true
    }

    /// Appends the trailer fields that may be passed on. RFC 9110 section 6.5.1: fields for
    /// framing, routing, authentication or content handling have no meaning there and are dropped.
    public func appendTrailers(to out: inout Buffer) {
        let all = trailers.readable
        var start = 0
        while start < all.count {
            let end = all.index(of: 0x0d, from: start)
            guard end >= start else { return }
            let line = all.slice(start, end - start)
            let name = line.prefix(H1Scanner.tokenLength(line, from: 0))
            if HeaderID.identify(name) == .other, !Self.isKeptOutOfTrailers(name) {
                out.append(line)
                out.append("\r\n")
            }
            start = end + 2
        }
    }

    /// Fields for caching, conditions, ranges, content format and credentials that are not among
    /// the known ones.
    private static func isKeptOutOfTrailers(_ name: ByteView) -> Bool {
        if name.hasPrefixIgnoringCase("content-") || name.hasPrefixIgnoringCase("if-")
            || name.hasPrefixIgnoringCase("proxy-") || name.hasPrefixIgnoringCase("x-forwarded-")
        {
            return true
        }
        for forbidden in forbiddenTrailers where name.equalsIgnoringCase(forbidden) { return true }
        return false
    }

    private static let forbiddenTrailers: [StaticString] = [
        "age", "cache-control", "expires", "forwarded", "max-forwards", "pragma", "range",
        "retry-after", "vary", "warning", "www-authenticate",
    ]
}
