// What an exchange asks while there is no connection for it: a place in an endpoint's line.
// To the exchange it is an upstream as any other: it takes what has come of the body, reads no
// further, and hands everything on to the connection that it waits for.
import HTTP
import Net
import Telemetry

final class WaitingStream: UpstreamStream {
    /// Its place in the line; see WaitingLine.
    var number = 0
    /// What the client sent behind the head in the same read.
    private var body = Buffer()
    private var bodyIsComplete = false

    override func begin(_ exchange: Exchange) {
        self.exchange = exchange
        exchange.upstreamLocalAddress = nil
        exchange.claims.wait(in: endpoint.cluster)
        endpoint.join(self)
    }

    override func sendBody(_ bytes: ByteView) { body.append(bytes) }
    override func endBody() { bodyIsComplete = true }
    override var canTakeBody: Bool { false }
    /// What it hands on may be refused by the connection.
    override var mayRefuse: Bool { true }

    /// The exchange gave up: its client left, or its time is over.
    override func abandon() {
        guard exchange != nil else { return }
        exchange = nil
        stats.add(.upstreamRqCancelled)
        endpoint.part(self)
    }

    /// The wait is over: `stream` takes the request. The caller has taken this one out of the line.
    func handOver(to stream: UpstreamStream) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.upstream = stream
        stream.begin(exchange)
        guard exchange.upstream === stream else { return }
        exchange.upstreamStands()
        if !body.isEmpty {
            stream.sendBody(body.readable)
            stream.flushBody()
        }
        if bodyIsComplete {
            stream.endBody()
        } else {
            exchange.upstreamTakesMore()
        }
    }

    /// There will be no connection. The caller has taken this one out of the line.
    func fail(_ failure: Failure, reason: String? = nil) {
        guard let exchange else { return }
        self.exchange = nil
        noteFailure(failure)
        exchange.upstreamFailed(failure, reason: reason)
    }
}
