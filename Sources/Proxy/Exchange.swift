// One request and its answer, from the head's last byte to the log line.
// It is the middle of the data plane: the client's connection on one side, an upstream's on the
// other, the configuration in between. Everything happens on one loop; nothing here waits.
import HTTP
import Mesh
import Net
import Telemetry

/// Reused from request to request.
final class Exchange: TimerTarget {
    let worker: Worker
    let request = RequestHead()
    let response = ResponseHead()
    var parser = H1RequestParser()
    /// The request body's chunked coding, when it has one.
    var decoder = ChunkedDecoder()
    /// Of a request body with a length: bytes still to come.
    var bodyRemaining = 0
    var client: ClientStream?
    /// Nil ends a try, and with it what the try has taken of limits.
    var upstream: UpstreamStream? {
        didSet { if upstream == nil, claims.isHeld { claims.release() } }
    }
    var claims = UpstreamClaims()

    // What routing found.
    var routeTable: RouteTable?
    var hostPlace = HostPlace.none
    var routeNumber: Int?
    var routeHeaders: HeaderMutations?
    var forward: Forward?
    var destinationIndex = 0
    /// It came from a site that the route's corsPolicy allows; see Exchange+CORS.swift.
    var allowsOrigin = false
    var cluster: ClusterState?
    var endpoint: EndpointState?
    /// What the choice of the next endpoint goes by.
    var wish = PickWish()
    /// DNS is asked where the request's host is.
    var nameWait: NameWait?
    /// The value of a cookie the client gets with its answer.
    var madeCookie: UInt64?

    /// The path in normal form where that differs from what was sent.
    var normalizedPath = Buffer()
    /// The path as sent upstream where a rewrite changed it.
    var rewrittenPath = Buffer()
    /// Path and query as they go up an HTTP/2 connection, where they do not stand together.
    var target = Buffer()
    /// See Exchange+Replay.swift.
    var replay = Buffer()
    var keepsBody = false
    var requestID = Buffer()
    /// Sent where the client's WebSocket came over HTTP/2, which has none.
    var webSocketKey = Buffer()

    /// The other end of the upstream connection, where the endpoint is a name whose connections
    /// go to different addresses; nil: the endpoint's own.
    var upstreamAddress: SocketAddress?
    /// Our end of the upstream connection; only logs want to know.
    var upstreamLocalAddress: SocketAddress?

    // Progress.
    var hasBody = false
    var requestIsRead = false
    /// The head of the final response has been passed on.
    var answerBegan = false
    /// True between requests as well: whoever still holds a finished exchange can do nothing with
    /// it.
    var isFinished = true
    /// The answer waits for the rest of a short request body.
    var deferredReply: Reply?
    /// Copies that are under way; see Exchange+Mirror.swift.
    var mirrors: ContiguousArray<MirrorStream> = []
    /// It is a copy itself.
    var isMirror = false
    /// Is counted among the endpoint's requests.
    var isOnEndpoint = false
    /// See Exchange+Retry.swift.
    var tries = Tries()
    /// When the route's timeout began to count.
    var timeoutStartNs: UInt64 = 0

    // What the log and the metrics tell.
    var startNs: UInt64 = 0
    var startWallNs: UInt64 = 0
    var requestReadNs: UInt64 = 0
    var firstByteNs: UInt64 = 0
    var requestBytes: UInt64 = 0
    var responseBytes: UInt64 = 0
    var status: UInt16 = 0
    var flags = ResponseFlags()
    var failure: Failure?
    var failureCause: StaticString?
    var transportReason: String?
    var details: StaticString = ResponseDetails.viaUpstream
    var serviceTimeMs: UInt64?
    var countsAsRequest = false
    /// A call of gRPC; see Exchange+GRPC.swift.
    var isGRPC = false
    /// The number in grpc-status; -1 where there is none.
    var grpcStatus = -1

    init(worker: Worker) {
        self.worker = worker
    }

    /// Ready for the next request; keeps its memory unless it has grown.
    func reset() {
        request.reset()
        response.reset()
        parser = H1RequestParser()
        decoder.reset()
        bodyRemaining = 0
        client = nil
        upstream = nil
        routeTable = nil
        routeNumber = nil
        routeHeaders = nil
        forward = nil
        allowsOrigin = false
        cluster = nil
        endpoint = nil
        wish.reset()
        madeCookie = nil
        normalizedPath.removeAll()
        rewrittenPath.removeAll()
        target.removeAll()
        forgetReplay()
        keepsBody = false
        requestID.removeAll()
        webSocketKey.removeAll()
        hasBody = false
        requestIsRead = false
        answerBegan = false
        isFinished = true
        deferredReply = nil
        isMirror = false
        isOnEndpoint = false
        tries = Tries()
        upstreamAddress = nil
        upstreamLocalAddress = nil
        requestReadNs = 0
        firstByteNs = 0
        requestBytes = 0
        responseBytes = 0
        status = 0
        flags = ResponseFlags()
        failure = nil
        failureCause = nil
        transportReason = nil
        details = ResponseDetails.viaUpstream
        serviceTimeMs = nil
        countsAsRequest = false
        isGRPC = false
        grpcStatus = -1
    }

    func begin(client: ClientStream) {
        self.client = client
        isFinished = false
        startNs = worker.loop.nowNs
        startWallNs = worker.loop.wallNs
    }

    /// There was no request after all; nothing is counted or logged.
    func withdraw() {
        guard !isFinished else { return }
        isFinished = true
        client?.exchange = nil
        worker.giveExchange(self)
    }

    // MARK: - The request, as the client's connection reads it

    /// The head is complete and sound. Everything up to the choice of an endpoint happens here.
    func requestArrived(hasBody: Bool) {
        guard let client else { return }
        self.hasBody = hasBody
        if !hasBody { requestRead() }
        // Among ten thousand hosts this one is in no cache: what the look-up reads is called for
        // while there is still other work to do.
        let listener = client.listener.spec
        let table = table(listener)
        let hint = table?.hint(for: request.authorityBytes.span) ?? .none
        countRequest(client)
        if let table { worker.touched &+= table.touch(hint) }
        if let failure = objection() {
            reply(Reply(failure))
            return
        }
        decide(listener: listener, table, hint)
    }

    private func countRequest(_ client: ClientStream) {
        countsAsRequest = true
        isGRPC = saysGRPC
        let stats = client.listener.httpStats
        stats.add(.downstreamRqTotal)
        stats.add(request.isHTTP2 ? .downstreamRqHTTP2Total : .downstreamRqHTTP1Total)
        stats.add(.downstreamRqActive)
        if request.targetForm == .absolute { stats.add(.downstreamRqNonRelativePath) }
    }

    /// What is refused before any route is looked at.
    private func objection() -> Failure? {
        // Python's http.client says HTTP/1.0 with CONNECT, which changes nothing about a tunnel.
        if request.minorVersion == 0, !asksForTunnel { return .lowVersion }
        if request.hasUnknownExpectation { return .expectationFailed }
        if request.wantsUpgrade, let protocolName = request.value(of: .upgrade) {
            if !protocolName.equalsIgnoringCase("websocket") { return .upgradeFailed }
        }
        if asksForTunnel {
            // What HTTP/2 sends behind the head is for the tunnel, and no body.
            let mayHaveOne =
                client?.listener.spec.connect != nil && (!hasBody || request.isHTTP2)
            return mayHaveOne ? nil : .routeNotFound
        }
        if !normalizePath() { return .pathNormalizationFailed }
        return nil
    }

    /// CONNECT to a host and port, as forward proxies are asked.
    var asksForTunnel: Bool { request.targetForm == .authority }

    /// What the client sends behind the head is for whoever it is going to speak to, and waits for
    /// the answer: no body that could go up with the head or a second time.
    var becomesTunnel: Bool { request.wantsUpgrade || asksForTunnel }

    /// A piece of the body. It goes straight to the upstream's connection.
    func requestBody(_ bytes: ByteView) {
        requestBytes &+= UInt64(bytes.count)
        if !mirrors.isEmpty { mirrorBody(bytes) }
        guard bytes.count > 0 else { return }
        guard let upstream else {
            if tries.isPaused { keep(bytes) }
            return
        }
        if keepsBody { keepForReplay(bytes) }
        upstream.sendBody(bytes)
    }

    /// All that arrived in one read was handed over.
    func flushRequest() {
        upstream?.flushBody()
    }

    /// The last piece was handed over.
    func requestEnded() {
        requestRead()
        if let deferredReply {
            self.deferredReply = nil
            reply(deferredReply)
            return
        }
        if !mirrors.isEmpty { completeMirrors() }
        upstream?.endBody()
        if forward != nil {
            startResponseTimer()
            startTryTimer()
        }
    }

    func requestRead() {
        requestIsRead = true
        requestReadNs = worker.loop.nowNs
    }

    /// Whether another piece of body may be read now.
    var canTakeBody: Bool {
        if deferredReply != nil { return true }
        guard let upstream else {
            return tries.isPaused && replay.count < worker.settings.limits.highWaterBytes
        }
        return upstream.canTakeBody
    }

    /// The upstream has room again.
    func upstreamTakesMore() {
        guard !requestIsRead else { return }
        client?.advance()
    }

    /// The client has room again.
    func clientTakesMore() {
        upstream?.advance()
    }

    // MARK: - Ends that the client brings about

    /// FIN inside the body: the request will never be complete.
    func requestCutShort() {
        guard !isFinished else { return }
        note(.requestBodyCutShort)
        dropUpstream()
        let client = client
        finish()
        client?.close()
    }

    /// The connection broke.
    func clientGone() {
        guard !isFinished else { return }
        note(.downstreamRemoteDisconnect)
        if let client, !isMirror { client.listener.httpStats.add(.downstreamRqRxReset) }
        dropUpstream()
        finish()
    }

    /// The request did not come in time.
    func timedOut(_ failure: Failure) {
        guard !isFinished, let client else { return }
        let stats = client.listener.httpStats
        stats.add(
            failure == .requestHeaderTimeout ? .downstreamRqHeaderTimeout : .downstreamRqIdleTimeout
        )
        dropUpstream()
        if answerBegan {
            note(failure)
            finish()
            client.abort()
        } else {
            reply(Reply(failure))
        }
    }

    /// The bytes are not a request.
    func refused(_ error: H1Error) {
        guard !isFinished, let client else { return }
        failureCause = error.rule
        dropUpstream()
        if !countsAsRequest { countRequest(client) }
        if answerBegan {
            note(Failure(error))
            finish()
            client.abort()
        } else {
            reply(Reply(Failure(error)))
        }
    }

    override func timerFired(tag: UInt8) {
        if let timer = Tries.Timer(rawValue: tag) { fired(timer) }
    }

    func note(_ failure: Failure) {
        self.failure = failure
        let row = failure.row
        flags.formUnion(row.flags)
        if row.status != 0 || !answerBegan { status = row.status }
    }

    /// Lets go of an upstream connection whose exchange cannot end well.
    func dropUpstream() {
        guard let upstream else { return }
        self.upstream = nil
        upstream.abandon()
    }
}
