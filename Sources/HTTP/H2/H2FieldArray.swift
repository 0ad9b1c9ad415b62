// Fields as nghttp2 takes them: pointers into bytes that stay where they are until they are sent.
internal import CNGHTTP2
import Net

/// Names and values are not copied: whoever fills the array turns it into frames before the bytes
/// it points to change. Used again for the next head.
@safe
final class FieldArray {
    private var fields: ContiguousArray<nghttp2_nv> = unsafe []

    func removeAll() {
        unsafe fields.removeAll(keepingCapacity: true)
    }

    func append(_ name: StaticString, _ value: ByteView) {
        append(ByteView(name), value)
    }

    func append(_ name: ByteView, _ value: ByteView) {
        unsafe fields.append(
            nghttp2_nv(
                name: UnsafeMutablePointer(
                    mutating: name.start.assumingMemoryBound(to: UInt8.self)),
                value: UnsafeMutablePointer(
                    mutating: value.start.assumingMemoryBound(to: UInt8.self)),
                namelen: name.count, valuelen: value.count, flags: 0))
    }

    /// Every `name: value` CRLF line; names are made lower case in place (RFC 9113 section 8.2).
    func append(lines: inout Buffer) {
        var start = 0
        while start < lines.count {
            let all = lines.readable
            let end = all.index(of: 0x0d, from: start)
            guard end > start else { return }
            let colon = all.index(of: 0x3a, from: start)
            guard colon > start, colon < end else { return }
            // In place: what was appended before stays where it is.
            lines.lowercase(from: start, count: colon - start)
            append(
                all.slice(start, colon - start),
                all.slice(colon + 1, end - colon - 1).trimmed())
            start = end + 2
        }
    }

    func withPointer<R>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> R) -> R {
        unsafe fields.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
    }
}
