// What comes back on an HTTP/1.1 connection: bytes become a head and a body for the exchange, or
// the other end of a tunnel.
// Each piece is handed on in the call that read it; nothing of a body is kept here.
import HTTP
import Net
import TLS
import Telemetry

extension UpstreamConnection {
    func received(_ bytes: ByteView) {
        guard let exchange else {
            if state == .discarding {
                discard(bytes)
                return
            }
            // Bytes nobody asked for: the connection is out of step.
            stats.add(.upstreamCxProtocolError)
            endpoint.removeIdle(self)
            close()
            return
        }
        gotBytes = true
        var offset = 0
        if phase == .head, !receivedHead(bytes, exchange, &offset) { return }
        if self.exchange === exchange {
            receivedBody(bytes.suffix(from: offset), exchange)
        } else if state == .discarding {
            discard(bytes.suffix(from: offset))
        }
    }

    /// True when a final head is there and the body's bytes start at `offset`.
    private func receivedHead(
        _ bytes: ByteView, _ exchange: Exchange, _ offset: inout Int
    ) -> Bool {
        let head = exchange.response
        let limits = worker.settings.limits.http
        while true {
            let rest = bytes.suffix(from: offset)
            let before = head.bytes.count
            let outcome: H1ResponseParser.Outcome
            if before > 0 {
                head.bytes.append(rest)
                outcome = parser.feed(head.bytes.readable, into: head, limits: limits)
            } else {
                outcome = parser.feed(rest, into: head, limits: limits)
            }
            switch outcome {
            case .needMore:
                if before == 0 { head.bytes.append(rest) }
                return false
            case .failed(let error):
                // Its fields may point into bytes that were never taken over.
                head.reset()
                protocolError(error.rule)
                return false
            case .complete(let length):
                let method = exchange.request.method
                let broken =
                    before > 0
                    ? head.conclude(method: method) : head.adopt(rest, method: method)
                if let broken {
                    protocolError(broken.rule)
                    return false
                }
                offset += length - before
                parser = H1ResponseParser()
                if head.status == 101 || head.status >= 200 { noteAnswer(exchange) }
                if head.status == 101 {
                    switchProtocols(exchange, rest: bytes.suffix(from: offset))
                    return false
                }
                guard head.status < 200 else {
                    finalHead(exchange)
                    return true
                }
                guard exchange.informational() else {
                    protocolError("too_many_interim_responses")
                    return false
                }
                if offset == bytes.count { return false }
            }
        }
    }

    private func finalHead(_ exchange: Exchange) {
        // Trailers of the connection's answer before this one are somebody else's.
        decoder.reset()
        switch exchange.response.framing {
        case .none: phase = .done
        case .length(let length):
            phase = .length
            remaining = length
        case .chunked:
            phase = .chunks
        case .untilClose: phase = .untilClose
        }
        exchange.responseArrived()
    }

    private func receivedBody(_ bytes: ByteView, _ exchange: Exchange) {
        switch phase {
        case .head: break
        case .done:
            responseEnded(exchange, leftover: bytes.count)
        case .length:
            let count = min(bytes.count, remaining)
            remaining -= count
            exchange.responseBody(bytes.prefix(count))
            if remaining == 0 {
                responseEnded(exchange, leftover: bytes.count - count)
            } else {
                exchange.flushResponse()
            }
        case .untilClose:
            exchange.responseBody(bytes)
            exchange.flushResponse()
        case .chunks:
            receivedChunks(bytes, exchange)
        }
    }

    private func receivedChunks(_ bytes: ByteView, _ exchange: Exchange) {
        var offset = 0
        while true {
            switch decoder.next(bytes, offset: &offset, limits: worker.settings.limits.http) {
            case .data(let start, let count):
                exchange.responseBody(bytes.slice(start, count))
                guard self.exchange === exchange else { return }
            case .needMore:
                exchange.flushResponse()
                return
            case .end:
                responseEnded(exchange, leftover: bytes.count - offset)
                return
            case .failed(let error):
                protocolError(error.rule)
                return
            }
        }
    }

    /// Must be the last thing done with what was read: the client may start its next request.
    func responseEnded(_ exchange: Exchange, leftover: Int) {
        guard self.exchange === exchange else { return }
        phase = .done
        served += 1
        if let security { security.keep(socket.tls?.takeSession()) }
        let isReusable = exchange.response.allowsReuse
        self.exchange = nil
        exchange.upstream = nil
        goBack(isReusable: isReusable, leftover: leftover)
        exchange.responseEnded(decoder)
    }

    private func switchProtocols(_ exchange: Exchange, rest: ByteView) {
        guard exchange.request.wantsUpgrade, exchange.response.wantsUpgrade else {
            protocolError("unexpected_switching_protocols")
            return
        }
        if exchange.request.isHTTP2 {
            let wanted = WebSocketKey.accept(for: exchange.webSocketKey.readable)
            let said = exchange.response.value(named: ByteView("sec-websocket-accept"))
            guard said?.equals(wanted) == true else {
                protocolError("websocket_accept")
                return
            }
            exchange.response.drop(named: ByteView("sec-websocket-accept"))
        }
        self.exchange = nil
        exchange.leaveUpstreamForTunnel()
        exchange.responseArrived()
        exchange.flushResponse()
        state = .closed
        cancelTimers()
        loop.remove(descriptor: socket.descriptor)
        var handed = StreamSocket(-1)
        swap(&handed, &socket)
        exchange.becomeTunnel(
            upstream: SocketEnd(handed, worker: worker, isDownstream: false), endpoint: endpoint,
            early: rest)
    }
}
