// The part request and response heads have in common: finding line ends and reading field lines.
// It remembers how far it looked, so a head that arrives byte by byte is scanned once, not n times.
import Net

/// State of one head being read; a new message starts with a new value.
struct H1FieldLines: ~Copyable {
    /// Start of the line being read.
    var lineStart = 0
    /// No line feed lies before this.
    var searchedTo = 0

    enum Line {
        case needMore
        /// The line without its CRLF; `next` is where the following one starts.
        case line(length: Int, next: Int)
        case failed(H1Error)
    }

    /// The next line that ends in CRLF. RFC 9112 section 2.2 lets a recipient take a bare LF for a
    /// line end; recipients disagree about it, which is how requests are smuggled: refused.
    @inline(__always)
    mutating func nextLine(_ bytes: ByteView) -> Line {
        let feed = bytes.index(of: 0x0a, from: max(searchedTo, lineStart))
        guard feed >= 0 else {
            searchedTo = bytes.count
            return .needMore
        }
        guard feed > lineStart, bytes[feed - 1] == 0x0d else { return .failed(.bareLineFeed) }
        let length = feed - 1 - lineStart
        return .line(length: length, next: feed + 1)
    }

    enum Outcome {
        case needMore
        /// The empty line was read; the head is this long.
        case complete(Int)
        case failed(H1Error)
    }

    /// Reads field lines up to the empty line into `head.fields`.
    mutating func readFields(
        _ bytes: ByteView, into head: Head, limits: borrowing HTTPLimits
    ) -> Outcome {
        while true {
            let length: Int
            let next: Int
            switch nextLine(bytes) {
            case .needMore:
                return bytes.count > limits.headBytesMax ? .failed(.headTooLarge) : .needMore
            case .failed(let error): return .failed(error)
            case .line(let lineLength, let lineNext):
                length = lineLength
                next = lineNext
            }
            guard next <= limits.headBytesMax else { return .failed(.headTooLarge) }
            if length == 0 { return .complete(next) }
            guard head.fields.count < limits.fieldsMax else { return .failed(.tooManyFields) }
            if let error = readField(bytes.slice(lineStart, length), next: next, into: head) {
                return .failed(error)
            }
            lineStart = next
        }
    }

    /// RFC 9112 section 5: field-name ":" OWS field-value OWS. No blank before the colon (5.1), no
    /// line folding (5.2).
    @inline(__always)
    private func readField(_ line: ByteView, next: Int, into head: Head) -> H1Error? {
        let first = line[0]
        if first == 0x20 || first == 0x09 { return .foldedLine }
        let nameLength = H1Scanner.tokenLength(line, from: 0)
        guard nameLength > 0, nameLength < line.count, line[nameLength] == 0x3a,
            nameLength <= Int(UInt16.max)
        else { return .fieldName }
        var start = nameLength + 1
        var end = line.count
        while start < end, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
        while end > start, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
        let value = line.slice(start, end - start)
        guard H1Scanner.isFieldValue(value) else {
            return value.index(of: 0x0d) >= 0 ? .bareCarriageReturn : .fieldValue
        }
        head.fields.append(
            HeaderField(
                nameStart: UInt32(truncatingIfNeeded: lineStart),
                nameLength: UInt16(truncatingIfNeeded: nameLength),
                id: HeaderID.identify(line.prefix(nameLength)), isDropped: false,
                valueStart: UInt32(truncatingIfNeeded: lineStart + start),
                valueLength: UInt32(truncatingIfNeeded: end - start),
                lineEnd: UInt32(truncatingIfNeeded: next)))
        return nil
    }
}
