// Reading requests: heads into an exchange, bodies piece by piece behind them.
import HTTP
import Net
import Telemetry

extension ClientConnection {
    func receivedHead(_ bytes: ByteView) {
        guard let exchange else {
            beginHead(bytes)
            return
        }
        // The rest of a head that came in pieces.
        let before = exchange.request.bytes.count
        exchange.request.bytes.append(bytes)
        let outcome = exchange.parser.feed(
            exchange.request.bytes.readable, into: exchange.request,
            limits: worker.settings.limits.http)
        switch outcome {
        case .needMore: break
        case .failed(let error):
            if !becomesHTTP2(exchange, exchange.request.bytes.readable) { refuse(exchange, error) }
        case .complete(let length):
            if let error = exchange.request.conclude() {
                refuse(exchange, error)
            } else {
                headComplete(exchange, rest: bytes.suffix(from: length - before))
            }
        }
    }

    private func beginHead(_ bytes: ByteView) {
        let exchange = worker.takeExchange()
        exchange.begin(client: self)
        self.exchange = exchange
        switch exchange.parser.feed(
            bytes, into: exchange.request, limits: worker.settings.limits.http)
        {
        case .needMore:
            exchange.request.bytes.append(bytes)
            setDeadline(afterMs: worker.settings.limits.requestHeadMs)
        case .failed(let error):
            // The fields found so far point into these bytes, and the log looks at them.
            exchange.request.bytes.append(bytes)
            if !becomesHTTP2(exchange, bytes) { refuse(exchange, error) }
        case .complete(let length):
            if let error = exchange.request.adopt(bytes) {
                refuse(exchange, error)
            } else {
                headComplete(exchange, rest: bytes.suffix(from: length))
            }
        }
    }

    /// HTTP/2 with prior knowledge (RFC 9113 section 3.3) begins with a preface that no HTTP/1.1
    /// parser takes: only what was refused is looked at, so it costs nothing else.
    private func becomesHTTP2(_ exchange: Exchange, _ bytes: ByteView) -> Bool {
        guard bytes.hasPrefix("PRI * HTTP/2.0\r\n"), !hasServed else { return false }
        let early = bytes.array
        exchange.withdraw()
        early.withView { becomeHTTP2($0) }
        return true
    }

    private func headComplete(_ exchange: Exchange, rest: ByteView) {
        hasServed = true
        switch exchange.request.framing {
        case .none, .untilClose:
            phase = .answering
            keep(rest)
            exchange.requestArrived(hasBody: false)
        case .length(let length):
            phase = .body
            exchange.bodyRemaining = length
            exchange.requestArrived(hasBody: true)
            afterHead(exchange, rest)
        case .chunked:
            phase = .body
            exchange.requestArrived(hasBody: true)
            afterHead(exchange, rest)
        }
    }

    /// The answer may be given already, and the exchange over; the rest is then not a body.
    private func afterHead(_ exchange: Exchange, _ rest: ByteView) {
        guard self.exchange === exchange else {
            if phase == .lingering { lingeredBytes += rest.count }
            return
        }
        setDeadline(afterMs: worker.settings.limits.requestBodyIdleMs)
        if rest.count > 0 { receivedBody(rest) }
    }

    func receivedBody(_ bytes: ByteView) {
        guard let exchange else { return }
        setDeadline(afterMs: worker.settings.limits.requestBodyIdleMs)
        if case .chunked = exchange.request.framing {
            receivedChunks(exchange, bytes)
            return
        }
        let count = min(bytes.count, exchange.bodyRemaining)
        exchange.bodyRemaining -= count
        let isLast = exchange.bodyRemaining == 0
        if isLast {
            phase = .answering
            keep(bytes.suffix(from: count))
        }
        exchange.requestBody(bytes.prefix(count))
        if isLast, self.exchange === exchange { exchange.requestEnded() }
    }

    private func receivedChunks(_ exchange: Exchange, _ bytes: ByteView) {
        var offset = 0
        while true {
            switch exchange.decoder.next(
                bytes, offset: &offset, limits: worker.settings.limits.http)
            {
            case .data(let start, let count):
                exchange.requestBody(bytes.slice(start, count))
                guard self.exchange === exchange else { return }
            case .needMore:
                exchange.flushRequest()
                return
            case .end:
                phase = .answering
                keep(bytes.suffix(from: offset))
                exchange.requestEnded()
                return
            case .failed(let error):
                // Chunks gathered for the upstream must not wait there for somebody else's body.
                worker.loop.outgoing.removeAll()
                refuse(exchange, error)
                return
            }
        }
    }

    /// A request that is not HTTP/1.1, or means different things to different readers: answered,
    /// closed, and never seen by an upstream.
    private func refuse(_ exchange: Exchange, _ error: H1Error) {
        listener.httpStats.add(.downstreamCxProtocolError)
        exchange.refused(error)
    }
}
