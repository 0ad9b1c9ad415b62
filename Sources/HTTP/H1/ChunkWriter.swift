// Puts the chunked transfer coding on a body: one chunk for every piece, no extensions.
public import Net

extension Buffer {
    /// `count` in hexadecimal and CRLF: what goes before that many bytes of body.
    public mutating func appendChunkHead(_ count: Int) {
        append(hexadecimal: UInt64(count))
        append("\r\n")
    }

    public mutating func appendChunk(_ bytes: ByteView) {
        guard bytes.count > 0 else { return }
        appendChunkHead(bytes.count)
        append(bytes)
        append("\r\n")
    }

    /// The last chunk without trailers.
    public mutating func appendLastChunk() {
        append("0\r\n\r\n")
    }
}
