// A tunnel's end that is a stream of an HTTP/2 connection (RFC 8441): DATA frames carry the bytes,
// END_STREAM stands for FIN and RST_STREAM for RST.
import HTTP
import Net

final class StreamEnd: TunnelEnd {
    /// nil once the stream is over.
    private var stream: H2Stream?
    private var inputEnded: Bool

    /// - Parameter inputEnded: END_STREAM has come already.
    init(_ stream: H2Stream, isDownstream: Bool, inputEnded: Bool) {
        self.stream = stream
        self.inputEnded = inputEnded
        super.init(isDownstream: isDownstream)
    }

    override func watch() {
        if inputEnded { partner?.endOutput() }
    }

    override var takesMore: Bool {
        guard let stream, let tunnel else { return false }
        return stream.unsentBytes < tunnel.worker.settings.limits.highWaterBytes
    }

    /// The peer may send as many more bytes as were held back.
    override func advance() {
        guard let stream, stream.unconsumedBytes > 0 else { return }
        stream.session.consume(stream.unconsumedBytes, of: stream)
    }

    override func write(_ bytes: ByteView) {
        guard let stream, !outputEnded else { return }
        stream.session.send(bytes, on: stream)
    }

    override func endOutput() {
        guard let stream, !outputEnded else { return }
        outputEnded = true
        stream.session.end(stream)
        tunnel?.closeIfFinished()
    }

    override func close() {
        guard let stream else { return }
        // What is queued still goes out, and the stream ends by itself.
        if inputEnded, outputEnded { return }
        self.stream = nil
        stream.session.reset(stream, code: Self.cancel)
    }

    override func reset() {
        guard let stream else { return }
        self.stream = nil
        stream.session.reset(stream, code: Self.cancel)
    }

    /// RFC 8441 section 5: what was RST is CANCEL.
    private static let cancel: UInt32 = 8

    // MARK: - From the stream

    func received(_ bytes: ByteView) {
        guard let stream, let tunnel, let partner else { return }
        tunnel.moved(bytes.count, fromDownstream: isDownstream)
        partner.write(bytes)
        if partner.takesMore { stream.session.consume(stream.unconsumedBytes, of: stream) }
    }

    func receivedEnd() {
        guard !inputEnded else { return }
        inputEnded = true
        partner?.endOutput()
    }

    func closed() {
        let isWhole = inputEnded && outputEnded
        stream = nil
        if !isWhole { tunnel?.reset() }
    }

    /// `unsentBytes` has come down to the low-water mark.
    func hasRoom() {
        partner?.advance()
    }
}
