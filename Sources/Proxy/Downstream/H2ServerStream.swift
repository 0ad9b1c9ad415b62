// The session's end of a request stream: events in, handed to the exchange's end of it.
// Two objects, because each belongs to a family of its own: a stream of a session, and what an
// exchange answers to.
import HTTP
import Net
import Telemetry

final class H2ServerStream: H2Stream {
    private var client: H2ClientStream
    private var exchange: Exchange? { client.exchange }
    /// What the stream goes on as once its exchange has switched protocols.
    var tunnel: StreamEnd?

    init(id: Int32, session: H2Session, connection: H2Connection) {
        client = H2ClientStream(connection: connection)
        super.init(id: id, session: session)
        begin()
    }

    /// Serves as another stream of the same connection; false where somebody still holds on to this
    /// one's end, and would speak to a stranger.
    func serveAgain(id: Int32) -> Bool {
        guard isKnownUniquelyReferenced(&client) else { return false }
        renew(id: id)
        client.renew()
        begin()
        return true
    }

    private func begin() {
        client.stream = self
        let exchange = client.worker.takeExchange()
        exchange.begin(client: client)
        client.exchange = exchange
    }

    override func received(name: ByteView, value: ByteView) -> Bool {
        guard let exchange else { return true }
        if !exchange.request.add(name: name, value: value) { client.isMalformed = true }
        return true
    }

    override func receivedHead(ends: Bool) {
        guard let exchange else { return }
        let error = exchange.request.concludeH2(ends: ends)
        if client.isMalformed || error != nil {
            client.requestEnded = ends
            exchange.refused(error ?? .fieldValue)
            return
        }
        client.requestEnded = ends
        exchange.requestArrived(hasBody: !ends)
    }

    override func headTooLarge() {
        exchange?.refused(.headTooLarge)
    }

    override func received(body: ByteView) {
        if let tunnel {
            tunnel.received(body)
            return
        }
        guard let exchange else {
            // The answer is given; what still comes is let through unread.
            session.consume(body.count, of: self)
            return
        }
        exchange.requestBody(body)
        guard self.exchange === exchange else {
            session.consume(unconsumedBytes, of: self)
            return
        }
        exchange.flushRequest()
        if exchange.canTakeBody { session.consume(unconsumedBytes, of: self) }
    }

    override func receivedTrailer(name: ByteView, value: ByteView) {
        guard let exchange else { return }
        exchange.decoder.trailers.append(name)
        exchange.decoder.trailers.append(": ")
        exchange.decoder.trailers.append(value)
        exchange.decoder.trailers.append("\r\n")
    }

    override func receivedEnd() {
        guard !client.requestEnded else { return }
        client.requestEnded = true
        tunnel?.receivedEnd()
        exchange?.requestEnded()
    }

    /// The client is to go on with its request, and nobody keeps it from doing so. A call of gRPC
    /// is a conversation, in which both sides may be quiet for as long as they like.
    var waitsForRequest: Bool {
        guard !client.requestEnded, tunnel == nil, let exchange, !exchange.isGRPC else {
            return false
        }
        return exchange.canTakeBody
    }

    /// The rest of the request did not come in time.
    func timedOut(_ failure: Failure) { exchange?.timedOut(failure) }

    override func closed(code: UInt32) {
        // The object may serve again: the next stream must not speak into this one's tunnel.
        let ended = tunnel
        tunnel = nil
        ended?.closed()
        let exchange = exchange
        client.exchange = nil
        // Nothing is said to it any more; each held the other.
        client.stream = nil
        exchange?.clientGone()
        client.connection.keep(self)
    }

    override func takesMore() {
        tunnel?.hasRoom()
        exchange?.clientTakesMore()
    }
}
