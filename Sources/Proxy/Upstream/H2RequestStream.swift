// The session's end of a request that we sent: events in, handed to the exchange's end of it.
// Two objects, because each belongs to a family of its own: a stream of a session, and what an
// exchange asks.
import HTTP
import Net
import Telemetry

final class H2RequestStream: H2Stream {
    private let connection: H2UpstreamConnection
    /// nil once nobody waits for the answer.
    private var upstream: H2UpstreamStream?
    private var exchange: Exchange? { upstream?.exchange }
    /// Holds the trailers.
    private var decoder = ChunkedDecoder()
    private var gotBytes = false
    private var isMalformed = false
    /// What the stream goes on as once its exchange has switched protocols.
    private var tunnel: StreamEnd?

    init(
        id: Int32, session: H2Session, connection: H2UpstreamConnection,
        upstream: H2UpstreamStream
    ) {
        self.connection = connection
        self.upstream = upstream
        super.init(id: id, session: session)
    }

    override func received(name: ByteView, value: ByteView) -> Bool {
        gotBytes = true
        guard let exchange else { return true }
        if !exchange.response.add(name: name, value: value) { isMalformed = true }
        return true
    }

    override func receivedHead(ends: Bool) {
        guard let exchange else { return }
        let head = exchange.response
        let broken = head.concludeH2(method: exchange.request.method, ends: ends)
        if isMalformed || broken != nil {
            protocolError((broken ?? .fieldValue).rule)
            return
        }
        connection.gather(for: self)
        if head.status < 200 {
            if !exchange.informational() { protocolError("too_many_interim_responses") }
            return
        }
        gotFinalHead = true
        upstream?.noteAnswer(exchange)
        if exchange.request.wantsUpgrade, head.status < 300, !ends {
            openTunnel(exchange)
            return
        }
        if exchange.responseArrived(), ends { finish() }
    }

    /// A 2xx to extended CONNECT is what 101 is to an upgrade (RFC 8441 section 5).
    private func openTunnel(_ exchange: Exchange) {
        let name = exchange.request.value(of: .upgrade) ?? ByteView("websocket")
        exchange.response.becomeUpgrade(
            to: name,
            accept: exchange.request.value(named: ByteView("sec-websocket-key")).map {
                WebSocketKey.accept(for: $0)
            })
        exchange.responseArrived()
        exchange.flushResponse()
        connection.gathered(self)
        upstream?.handedOver()
        upstream = nil
        let end = StreamEnd(self, isDownstream: false, inputEnded: false)
        tunnel = end
        exchange.becomeTunnel(upstream: end, endpoint: connection.endpoint, early: .empty)
    }

    override func headTooLarge() {
        protocolError("head_too_large")
    }

    override func received(body: ByteView) {
        if let tunnel {
            tunnel.received(body)
            return
        }
        guard let exchange else {
            session.consume(body.count, of: self)
            return
        }
        connection.gather(for: self)
        exchange.responseBody(body)
        guard self.exchange === exchange else {
            session.consume(unconsumedBytes, of: self)
            return
        }
        // More may come once this is on its way; see `H2UpstreamStream.advance`.
        if exchange.canSendMore { session.consume(unconsumedBytes, of: self) }
    }

    override func receivedTrailer(name: ByteView, value: ByteView) {
        decoder.trailers.append(name)
        decoder.trailers.append(": ")
        decoder.trailers.append(value)
        decoder.trailers.append("\r\n")
    }

    override func receivedEnd() {
        tunnel?.receivedEnd()
        finish()
    }

    private func finish() {
        guard let upstream else { return }
        // The head and a short body that came with it leave in one write with the end.
        connection.gathered(self)
        self.upstream = nil
        if unconsumedBytes > 0 { session.consume(unconsumedBytes, of: self) }
        upstream.ended(decoder)
    }

    /// What was gathered of the answer leaves.
    func flush() { exchange?.flushResponse() }

    private func protocolError(_ rule: StaticString) {
        guard let upstream else { return }
        connection.gather(for: nil)
        self.upstream = nil
        upstream.stats.add(.upstreamCxProtocolError)
        // PROTOCOL_ERROR (RFC 9113 section 8.1.1): a stream's fault, not the connection's.
        session.reset(self, code: 1)
        upstream.failed(.upstreamProtocolError, cause: rule)
    }

    /// Nobody waits for it any more: CANCEL.
    func cancel() {
        upstream = nil
        if unconsumedBytes > 0 { session.consume(unconsumedBytes, of: self) }
        session.reset(self, code: 8)
    }

    /// Nobody wants the rest, which is let through unread.
    func forget() {
        upstream = nil
        if unconsumedBytes > 0 { session.consume(unconsumedBytes, of: self) }
        connection.forget(self)
    }

    override func closed(code: UInt32) {
        connection.streamEnded()
        tunnel?.closed()
        guard let upstream else { return }
        connection.gather(for: nil)
        self.upstream = nil
        if connection.isClosed {
            connectionEnded(upstream)
        } else if wasNeverSent || code == 7 && !wasResetByPeer {
            // A GOAWAY leaves this stream out: nothing was acted on (RFC 9113 section 8.7).
            upstream.refused(.remoteRefusedReset)
        } else if code == 7 {
            // REFUSED_STREAM says so as well, but of an endpoint that is there and does not want
            // it: that is for the route's policy.
            upstream.stats.add(.upstreamRqRxReset)
            upstream.failed(.remoteRefusedReset)
        } else if wasResetByPeer {
            upstream.stats.add(.upstreamRqRxReset)
            upstream.failed(.remoteReset)
        } else {
            upstream.stats.add(.upstreamCxProtocolError)
            upstream.failed(.upstreamProtocolError, cause: "http2.malformed_message")
        }
    }

    private func connectionEnded(_ upstream: H2UpstreamStream) {
        if connection.ending == .connectionTermination, !gotBytes, connection.served > 0 {
            upstream.wentStale()
        } else {
            upstream.failed(connection.ending, reason: connection.endingReason)
        }
    }

    override func takesMore() {
        tunnel?.hasRoom()
        exchange?.upstreamTakesMore()
    }
}
