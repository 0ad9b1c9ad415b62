// The client of a mirrored request: it asks as a client does and wants no answer.
// With it a copy is an exchange like any other, so that pools, limits, TLS and HTTP/2 are what they
// are for clients. Nothing it meets reaches the request it is a copy of.
import HTTP
import Mesh
import Net
import Telemetry

/// Sends at the end of a loop's round, when the original's bytes are on their way.
///
/// Envoy holds a request back until its body is complete and gives up on copies beyond 1 MiB. Here
/// the body follows piece by piece, so that its length does not matter as long as the endpoint
/// keeps up: only what it has not taken is kept, and the copy ends where that is too much.
final class MirrorStream: ClientStream {
    private let cluster: ClusterState
    /// Pieces of the body that have not been sent.
    private var body = Buffer()
    private var hasBegun = false
    /// The original is complete, and so is `body`.
    private var bodyIsComplete = false
    private var isDue = false
    private var isOver = false
    private var timer = TimerID.none

    /// - Parameter address: the proxy's own, as the copy's `x-forwarded-for` names it.
    init(to cluster: ClusterState, from address: SocketAddress, listener: Listener) {
        self.cluster = cluster
        super.init(peer: address, listener: listener)
    }

    private var loop: Loop { worker.loop }

    /// Takes on the copy, whose head is complete.
    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        worker.activeMirrors += 1
        timer = loop.timers.schedule(
            afterMs: worker.settings.limits.mirrorMs, target: self, tag: 0)
        sendSoon()
    }

    // MARK: - From the original

    /// A piece of the body. False where the copy has had to be given up.
    func take(_ bytes: ByteView) -> Bool {
        guard exchange != nil else { return true }
        let limits = worker.settings.limits
        guard body.count + bytes.count <= limits.mirrorBytesMax,
            worker.mirrorBytes + bytes.count <= limits.mirrorBytesTotalMax
        else {
            giveUp()
            return false
        }
        body.append(bytes)
        worker.mirrorBytes += bytes.count
        sendSoon()
        return true
    }

    /// The original was read to its end.
    func complete(_ decoder: borrowing ChunkedDecoder) {
        guard let exchange, !bodyIsComplete else { return }
        bodyIsComplete = true
        exchange.decoder.trailers.append(decoder.trailers.readable)
        sendSoon()
    }

    /// The rest of the original will never come.
    func giveUp() {
        guard let exchange else { return }
        if hasBegun {
            exchange.clientGone()
        } else {
            exchange.withdraw()
        }
        over()
    }

    // MARK: - Towards the endpoint

    private func sendSoon() {
        guard !isDue else { return }
        isDue = true
        loop.atEndOfThisRound(self)
    }

    override func roundEnded() {
        isDue = false
        guard let exchange else { return }
        if !hasBegun {
            hasBegun = true
            exchange.beginMirrored(to: cluster)
        }
        advance()
    }

    /// Sends what there is, as far as the endpoint takes it.
    override func advance() {
        guard hasBegun, let exchange, !exchange.requestIsRead else { return }
        if !body.isEmpty {
            guard exchange.canTakeBody else { return }
            var rest = Buffer()
            swap(&rest, &body)
            worker.mirrorBytes -= rest.count
            exchange.requestBody(rest.readable)
            exchange.flushRequest()
        }
        guard bodyIsComplete, self.exchange === exchange, !exchange.requestIsRead,
            exchange.canTakeBody
        else { return }
        exchange.requestEnded()
    }

    override func timerFired(tag: UInt8) {
        cluster.stats.add(.upstreamRqTimeout)
        giveUp()
    }

    // MARK: - The answer, which nobody reads

    override func beginInformational(status: UInt16, reason: ByteView) {}
    override func endInformational() { loop.outgoing.removeAll() }
    override func beginHead(status: UInt16, reason: ByteView) { loop.outgoing.removeAll() }
    override func endHead(status: UInt16, framing: BodyFraming, closes: Bool, upgrade: ByteView?) {
        loop.outgoing.removeAll()
    }
    override func answered(mustClose: Bool) { over() }
    override func abort() { over() }
    override func close() { over() }

    private func over() {
        exchange = nil
        guard !isOver else { return }
        isOver = true
        loop.timers.cancel(timer)
        worker.mirrorBytes -= body.count
        body = Buffer()
        worker.activeMirrors -= 1
    }
}
