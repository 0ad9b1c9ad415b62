// Bytes in, a response head out. As strict as the request side: a response whose framing is in
// doubt is never passed on.
public import Net

public struct H1ResponseParser: ~Copyable {
    public enum Outcome: Equatable {
        case needMore
        case complete(Int)
        case failed(H1Error)
    }

    private var hasStatusLine = false
    private var lines = H1FieldLines()

    public init() {}

    /// As `H1RequestParser.feed`.
    public mutating func feed(
        _ bytes: ByteView, into head: ResponseHead, limits: borrowing HTTPLimits
    ) -> Outcome {
        if !hasStatusLine {
            // Garbage need not wait for its line to end.
            if bytes.count > 0, bytes[0] != 0x48 { return .failed(.statusLine) }
            switch lines.nextLine(bytes) {
            case .needMore:
                return bytes.count > limits.headBytesMax ? .failed(.headTooLarge) : .needMore
            case .failed(let error): return .failed(error)
            case .line(let length, let next):
                guard readStatusLine(bytes.prefix(length), into: head) else {
                    return .failed(.statusLine)
                }
                hasStatusLine = true
                lines.lineStart = next
                head.fieldsStart = UInt32(truncatingIfNeeded: next)
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

    /// RFC 9112 section 4: HTTP-version SP status-code SP [reason]. The blank before a missing
    /// reason is left out by many servers; that is unambiguous and taken.
    private func readStatusLine(_ line: ByteView, into head: ResponseHead) -> Bool {
        guard line.count >= 12 else { return false }
        let version = line.prefix(8)
        if version.equals("HTTP/1.1") {
            head.minorVersion = 1
        } else if version.equals("HTTP/1.0") {
            head.minorVersion = 0
        } else {
            return false
        }
        guard line[8] == 0x20, let status = line.slice(9, 3).decimal(), status >= 100,
            status <= 599
        else { return false }
        head.status = UInt16(status)
        guard line.count > 12 else { return true }
        guard line[12] == 0x20 else { return false }
        let reason = line.suffix(from: 13)
        guard H1Scanner.isFieldValue(reason) else { return false }
        head.reasonStart = 13
        head.reasonLength = reason.count
        return true
    }
}
