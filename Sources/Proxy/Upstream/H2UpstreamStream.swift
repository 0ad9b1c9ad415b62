// What an exchange asks when its request goes up as a stream of an HTTP/2 connection.
import HTTP
import Net
import Telemetry

final class H2UpstreamStream: UpstreamStream {
    private let connection: H2UpstreamConnection
    private var stream: H2RequestStream?

    init(on connection: H2UpstreamConnection) {
        self.connection = connection
        super.init(endpoint: connection.endpoint, worker: connection.worker)
    }

    override func begin(_ exchange: Exchange) {
        self.exchange = exchange
        noteAddresses(exchange)
        if connection.isConnecting {
            exchange.claims.wait(in: endpoint.cluster)
            connection.waits(self)
        } else if exchange.claims.isPending {
            exchange.claims.waitEnded()
        }
        stream = connection.open(self, for: exchange)
        // Whoever asked for room has got it: only a session that ended meanwhile opens no stream.
        if stream == nil { loop.again(self) }
    }

    func connectionStands() {
        guard let exchange else { return }
        exchange.claims.waitEnded()
        noteAddresses(exchange)
    }

    /// For logs.
    private func noteAddresses(_ exchange: Exchange) {
        exchange.upstreamLocalAddress = connection.localAddress
        if endpoint.rotation != nil { exchange.upstreamAddress = connection.address }
    }

    /// No stream was to be had; told from the loop, never inside the exchange's own call.
    override func resumed() {
        guard stream == nil else { return }
        failed(.connectionTermination)
    }

    override var stands: Bool { !connection.isConnecting }

    override func sendBody(_ bytes: ByteView) {
        guard let stream else { return }
        stream.session.send(bytes, on: stream)
    }

    override func endBody() {
        guard let stream, let exchange else { return }
        var lines = Buffer()
        exchange.decoder.appendTrailers(to: &lines)
        stream.session.end(stream, trailerLines: lines.readable)
    }

    override var canTakeBody: Bool {
        guard let stream else { return false }
        return stream.unsentBytes < worker.settings.limits.highWaterBytes
    }

    override var mayRefuse: Bool { true }

    /// The client takes more: the peer may send as much more as was held back.
    override func advance() {
        guard let stream, stream.unconsumedBytes > 0 else { return }
        stream.session.consume(stream.unconsumedBytes, of: stream)
    }

    override func abandon() {
        guard exchange != nil else { return }
        exchange = nil
        stats.add(.upstreamRqTxReset)
        stream?.cancel()
        stream = nil
    }

    /// A short rest is let through unread: a server counts resets and may take offence.
    override func forsake() {
        guard let exchange, exchange.requestIsRead else {
            abandon()
            return
        }
        switch exchange.response.framing {
        case .none: break
        case .length(let length) where length <= worker.settings.limits.discardedBytesMax: break
        case .length, .chunked, .untilClose:
            abandon()
            return
        }
        self.exchange = nil
        stream?.forget()
        stream = nil
        connection.served += 1
    }

    // MARK: - From the stream

    /// The response is complete, with `decoder` holding its trailers. The last thing done with what
    /// was read.
    func ended(_ decoder: borrowing ChunkedDecoder) {
        guard let exchange else { return }
        let requestIsComplete = exchange.requestIsRead
        letGo(exchange)
        // RFC 9113 section 8.1: nobody reads the rest of the request.
        if !requestIsComplete { stream?.cancel() }
        stream = nil
        connection.served += 1
        exchange.responseEnded(decoder)
    }

    func failed(_ failure: Failure, reason: String? = nil, cause: StaticString? = nil) {
        guard let exchange else { return }
        letGo(exchange)
        stream = nil
        noteFailure(failure)
        exchange.upstreamFailed(failure, reason: reason, cause: cause)
    }

    /// The peer has not acted on the request: it may go out again, whatever it asks for.
    func refused(_ failure: Failure) {
        guard let exchange else { return }
        letGo(exchange)
        stream = nil
        noteFailure(failure)
        if exchange.retryElsewhere() {
            stats.add(.upstreamRqRetry)
        } else {
            exchange.upstreamFailed(failure)
        }
    }

    /// The connection closed while the request had no answer yet; it had served before.
    func wentStale() {
        guard let exchange else { return }
        letGo(exchange)
        stream = nil
        if exchange.retryOnFreshConnection() {
            stats.add(.upstreamRqRetry)
        } else {
            exchange.upstreamFailed(.connectionTermination, reason: connection.endingReason)
        }
    }

    /// The stream goes on as a tunnel's end.
    func handedOver() {
        guard let exchange else { return }
        self.exchange = nil
        exchange.leaveUpstreamForTunnel()
        stream = nil
        connection.served += 1
    }

    private func letGo(_ exchange: Exchange) {
        self.exchange = nil
        exchange.upstream = nil
    }
}
