// Istio's BASE path normalisation: what a path means is settled before routes and policies look at
// it, and the same bytes go upstream, so that the two cannot disagree.
public import Net

public enum PathNormalizer {
    /// Whether a path needs work at all: nearly none does, and finding that out is one scan.
    /// `path` has no query.
    public static func isNormal(_ path: ByteView) -> Bool {
        var index = 0
        var previous: UInt8 = 0
        while index < path.count {
            let byte = path[index]
            switch byte {
            case 0x25, 0x5c: return false
            case 0x2e: if previous == 0x2f { return false }
            default: break
            }
            previous = byte
            index += 1
        }
        return true
    }

    /// Appends the normal form: `\` becomes `/`, escapes of unreserved characters are decoded
    /// (RFC 3986 section 6.2.2.2), dot segments are removed (5.2.4). Slashes are not merged and
    /// `%2F` stays. False when the path holds `%00`, which no upstream reads safely.
    public static func normalize(_ path: ByteView, into out: inout Buffer) -> Bool {
        var decoded = Buffer(capacity: path.count + 1)
        var index = 0
        while index < path.count {
            let byte = path[index]
            if byte == 0x25, index + 2 < path.count,
                let high = hexadecimal(path[index + 1]), let low = hexadecimal(path[index + 2])
            {
                let value = high << 4 | low
                if value == 0 { return false }
                if isUnreserved(value) {
                    decoded.append(value)
                } else {
                    decoded.append(path.slice(index, 3))
                }
                index += 3
                continue
            }
            decoded.append(byte == 0x5c ? 0x2f : byte)
            index += 1
        }
        removeDotSegments(decoded.readable, into: &out)
        return true
    }

    private static func removeDotSegments(_ path: ByteView, into out: inout Buffer) {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            // A segment with the slash before it.
            var end = index + 1
            while end < path.count, path[end] != 0x2f { end += 1 }
            let segment = path.slice(index, end - index)
            if segment.equals("/.") {
                if end == path.count { result.append(0x2f) }
            } else if segment.equals("/..") {
                while let last = result.popLast(), last != 0x2f {}
                if end == path.count { result.append(0x2f) }
            } else {
                for offset in 0..<segment.count { result.append(segment[offset]) }
            }
            index = end
        }
        if result.isEmpty { result.append(0x2f) }
        out.append(result)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 <= 9 { return byte &- 0x30 }
        let lower = byte | 0x20
        return lower &- 0x61 <= 5 ? lower &- 0x57 : nil
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: true
        default: false
        }
    }
}
