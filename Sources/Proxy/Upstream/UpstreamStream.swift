// What an exchange asks: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
// The counterpart of ClientStream: an exchange talks to one of each and knows of neither which
// protocol it speaks.
import HTTP
import Net
import Telemetry

/// Abstract: every method is overridden.
///
/// It answers by telling the exchange: `informational`, `responseArrived`, `responseBody`,
/// `flushResponse`, then `responseEnded` or `upstreamFailed`, after which it has let go of it.
class UpstreamStream: Dialler {
    let endpoint: EndpointState
    let worker: Worker
    final var exchange: Exchange?

    init(endpoint: EndpointState, worker: Worker) {
        self.endpoint = endpoint
        self.worker = worker
        super.init()
    }

    final var loop: Loop { worker.loop }
    final var stats: ClusterStats { endpoint.cluster.stats }

    /// False while it is being made.
    var stands: Bool { true }

    /// Takes on an exchange and sends its head, which the exchange writes.
    func begin(_ exchange: Exchange) {}
    /// A piece of the request's body; what is gathered leaves with `flushBody`.
    func sendBody(_ bytes: ByteView) {}
    func flushBody() {}
    /// The request is complete; trailers that may travel go with it.
    func endBody() {}
    var canTakeBody: Bool { true }

    /// Whether it may refuse a request unread, so that it goes out again with its body.
    var mayRefuse: Bool { false }

    /// The client takes more of the response.
    func advance() {}
    /// The exchange gave up: what still comes is nobody's.
    func abandon() {}
    /// The exchange does not want the answer whose head has come; the connection may go on.
    func forsake() { abandon() }

    /// What outlier detection makes of a failure (Envoy's onUpstreamReset).
    final func noteFailure(_ failure: Failure) {
        if endpoint.health != nil, failure != .overflow { endpoint.broke() }
    }

    /// The final head is there.
    final func noteAnswer(_ exchange: Exchange) {
        if endpoint.health != nil { endpoint.answered(exchange.healthStatus) }
    }

    /// The response's body goes past this process, inside the kernel.
    var isSplicing: Bool { false }
}
