// Bytes in, a request head out: RFC 9112 to the letter and strict where recipients have disagreed.
// It holds no bytes itself: the caller shows everything received of the head so far each time.
public import Net

public struct H1RequestParser: ~Copyable {
    public enum Outcome: Equatable {
        case needMore
        /// The head takes this many bytes of what was shown, leading empty lines included.
        case complete(Int)
        case failed(H1Error)
    }

    private enum Stage { case requestLine, fields }

    private var stage = Stage.requestLine
    private var lines = H1FieldLines()
    private var skippedEmptyLine = false

    public init() {}

    /// `bytes` starts with the first byte of the head and only ever grows between calls. After
    /// `complete` the head's offsets refer to `bytes`: call `head.adopt` before they go.
    public mutating func feed(
        _ bytes: ByteView, into head: RequestHead, limits: borrowing HTTPLimits
    ) -> Outcome {
        while stage == .requestLine {
            if bytes.count > 0, lines.lineStart == 0, !H1Scanner.isToken(bytes[0]),
                bytes[0] != 0x0d
            {
                return .failed(bytes[0] == 0x0a ? .bareLineFeed : .method)
            }
            switch lines.nextLine(bytes) {
            case .needMore:
                // The CR of a line that is just short enough may be there without its LF.
                return bytes.count - lines.lineStart > limits.requestLineBytesMax + 1
                    ? .failed(.requestLineTooLong) : .needMore
            case .failed(let error): return .failed(error)
            case .line(let length, let next):
                if length == 0 {
                    // RFC 9112 section 2.2: an empty line before the request line is let pass.
                    guard !skippedEmptyLine else { return .failed(.requestLine) }
                    skippedEmptyLine = true
                    lines.lineStart = next
                    continue
                }
                guard length <= limits.requestLineBytesMax else {
                    return .failed(.requestLineTooLong)
                }
                let start = lines.lineStart
                if let error = readRequestLine(bytes.slice(start, length), at: start, into: head) {
                    return .failed(error)
                }
                lines.lineStart = next
                head.fieldsStart = UInt32(truncatingIfNeeded: next)
                stage = .fields
            }
        }
        switch lines.readFields(bytes, into: head, limits: limits) {
        case .needMore: return .needMore
        case .failed(let error): return .failed(error)
        case .complete(let length):
            head.length = length
            return .complete(length)
        }
    }

    /// RFC 9112 section 3: method SP request-target SP HTTP-version, one blank each.
    private func readRequestLine(
        _ line: ByteView, at start: Int, into head: RequestHead
    ) -> H1Error? {
        let methodLength = H1Scanner.tokenLength(line, from: 0)
        guard methodLength > 0, methodLength < line.count, line[methodLength] == 0x20 else {
            return .method
        }
        let targetStart = methodLength + 1
        var index = targetStart
        while index < line.count, H1Scanner.isTarget(line[index]) { index += 1 }
        guard index > targetStart, index < line.count, line[index] == 0x20 else { return .target }
        let version = line.suffix(from: index + 1)
        if version.equals("HTTP/1.1") {
            head.minorVersion = 1
        } else if version.equals("HTTP/1.0") {
            head.minorVersion = 0
        } else {
            return isVersion(version) ? .version : .requestLine
        }
        head.methodLength = methodLength
        head.methodStart = start
        head.method = HTTPMethod(line.prefix(methodLength))
        return readTarget(
            line.slice(targetStart, index - targetStart), at: start + targetStart, into: head)
    }

    private func isVersion(_ bytes: ByteView) -> Bool {
        bytes.count == 8 && bytes.hasPrefix("HTTP/") && bytes[5] &- 0x30 <= 9
            && bytes[6] == 0x2e && bytes[7] &- 0x30 <= 9
    }

    /// RFC 9112 section 3.2: the four forms of a request target.
    private func readTarget(_ target: ByteView, at start: Int, into head: RequestHead) -> H1Error? {
        if head.method == .connect {
            guard H1Scanner.isAuthority(target), target.lastIndex(of: 0x3a) > 0 else {
                return .target
            }
            head.targetForm = .authority
            head.authorityStart = start
            head.authorityLength = target.count
            head.pathStart = start
            head.pathLength = 0
            return nil
        }
        if target[0] == 0x2f {
            head.targetForm = .origin
            head.pathStart = start
            head.pathLength = target.count
            return nil
        }
        if target.count == 1, target[0] == 0x2a {
            guard head.method == .options else { return .target }
            head.targetForm = .asterisk
            head.pathStart = start
            head.pathLength = 1
            return nil
        }
        let schemeLength =
            target.hasPrefixIgnoringCase("http://")
            ? 7 : target.hasPrefixIgnoringCase("https://") ? 8 : 0
        guard schemeLength > 0 else { return .target }
        let rest = target.suffix(from: schemeLength)
        var end = 0
        while end < rest.count, rest[end] != 0x2f, rest[end] != 0x3f { end += 1 }
        guard H1Scanner.isAuthority(rest.prefix(end)) else { return .target }
        head.targetForm = .absolute
        head.authorityStart = start + schemeLength
        head.authorityLength = end
        head.pathStart = start + schemeLength + end
        head.pathLength = rest.count - end
        return nil
    }
}
