// What an exchange answers to when its request came as a stream of an HTTP/2 connection.
import HTTP
import Net
import TLS
import Telemetry

final class H2ClientStream: ClientStream {
    let connection: H2Connection
    /// nil once the stream is over.
    var stream: H2ServerStream?
    /// END_STREAM has come.
    var requestEnded = false
    /// A field of the head is not what HTTP allows.
    var isMalformed = false
    private var answerEnded = false

    init(connection: H2Connection) {
        self.connection = connection
        super.init(
            peer: connection.peer, listener: connection.listener, identity: connection.identity)
    }

    /// For the connection's next request.
    func renew() {
        requestEnded = false
        isMalformed = false
        answerEnded = false
    }

    override var isSecure: Bool { connection.isSecure }
    override var protocolName: StaticString { "HTTP/2" }
    override var chain: ChainBinding? { connection.chain }
    override var localAddress: SocketAddress? { connection.localAddress }
    override var arrivalAddress: SocketAddress? { connection.arrivalAddress }
    override var originalDestination: SocketAddress? { connection.originalDestination }
    override var tls: TLSStream? { connection.tls }
    private var loop: Loop { worker.loop }

    // MARK: - Answering: field lines become a HEADERS frame

    override func beginInformational(status: UInt16, reason: ByteView) {
        loop.outgoing.removeAll()
        informationalStatus = status
    }

    private var informationalStatus: UInt16 = 100

    override func endInformational() {
        guard let stream else { return }
        stream.session.submitResponse(
            stream, status: informationalStatus, lines: &loop.outgoing, ends: false)
        loop.outgoing.removeAll()
    }

    override func beginHead(status: UInt16, reason: ByteView) {
        loop.outgoing.removeAll()
    }

    override func endHead(
        status: UInt16, framing: BodyFraming, closes: Bool, upgrade: ByteView?
    ) {
        guard let stream else { return }
        // RFC 8441 section 5: what HTTP/1.1 calls 101 is a stream that goes on both ways; and so is
        // a CONNECT that succeeds (RFC 9113 section 8.5).
        let isTunnel = upgrade != nil || exchange?.asksForTunnel == true && 200..<300 ~= status
        answerEnded = framing == .none && !isTunnel
        stream.session.submitResponse(
            stream, status: isTunnel ? 200 : status, lines: &loop.outgoing, ends: answerEnded)
        loop.outgoing.removeAll()
    }

    override func sendBody(_ bytes: ByteView) {
        guard let stream else { return }
        stream.session.send(bytes, on: stream)
    }

    override func endBody(_ decoder: borrowing ChunkedDecoder) {
        guard let stream, !answerEnded else { return }
        answerEnded = true
        var lines = Buffer()
        decoder.appendTrailers(to: &lines)
        stream.session.end(stream, trailerLines: lines.readable)
    }

    override var unsentBytes: Int { stream?.unsentBytes ?? 0 }
    override var hasUnsentAboveHighWater: Bool {
        unsentBytes >= worker.settings.limits.highWaterBytes
    }

    /// The upstream takes more of the body: the client may send more.
    override func advance() {
        guard let stream, stream.unconsumedBytes > 0 else { return }
        stream.session.consume(stream.unconsumedBytes, of: stream)
    }

    override func answered(mustClose: Bool) {
        exchange = nil
        advance()
        if let stream, !requestEnded { stream.session.refuseRest(of: stream) }
        if worker.isDraining { connection.drain() }
    }

    override func becomeTunnelEnd(unread: inout Buffer) -> TunnelEnd? {
        guard let stream else { return nil }
        let isConnect = exchange?.asksForTunnel == true
        exchange = nil
        let end = StreamEnd(
            stream, isDownstream: true, inputEnded: requestEnded,
            resetCode: isConnect ? StreamEnd.connectError : StreamEnd.cancel)
        stream.tunnel = end
        return end
    }

    override func abort() {
        exchange = nil
        guard let stream else { return }
        // INTERNAL_ERROR: what was sent of the body is not all of it (RFC 9113 section 8.1).
        stream.session.reset(stream, code: 2)
    }

    override func close() {
        exchange = nil
        guard let stream else { return }
        stream.session.reset(stream, code: 8)
    }
}
