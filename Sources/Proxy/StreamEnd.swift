// A tunnel's end that is a stream of an HTTP/2 connection (RFC 8441): DATA frames carry the bytes,
// END_STREAM stands for FIN and RST_STREAM for RST.
import HTTP
import Net

final class StreamEnd: TunnelEnd {
    /// nil once the stream is over.
    private var stream: H2Stream?
    private var inputEnded: Bool
    private let resetCode: UInt32

    /// - Parameters:
    ///   - inputEnded: END_STREAM has come already.
    ///   - resetCode: what RST is in this kind of tunnel.
    init(_ stream: H2Stream, isDownstream: Bool, inputEnded: Bool, resetCode: UInt32 = cancel) {
        self.stream = stream
        self.inputEnded = inputEnded
        self.resetCode = resetCode
        super.init(isDownstream: isDownstream)
    }

    override func watch() {
        if inputEnded {
            partner?.endOutput()
        } else if partner?.takesMore == true {
            // What came before there was a tunnel has gone on by now: a peer that has filled its
            // window with it waits to hear so.
            advance()
        }
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
        stream.session.reset(stream, code: resetCode)
    }

    override func reset() {
        guard let stream else { return }
        self.stream = nil
        stream.session.reset(stream, code: resetCode)
    }

    /// RFC 8441 section 5: of an upgrade.
    static let cancel: UInt32 = 8
    /// RFC 9113 section 8.5: of a CONNECT.
    static let connectError: UInt32 = 10

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
