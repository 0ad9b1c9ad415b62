// The answer on its way down, as the upstream's connection reads it.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// 1xx other than 101: passed on, the final response follows (RFC 9110 section 15.2). False
    /// where there have been too many: a client that reads none of them must not cost memory.
    func informational() -> Bool {
        guard !answerBegan, let client else { return true }
        tries.interimBytes += response.length
        guard tries.interimBytes <= worker.settings.limits.http.headBytesMax else { return false }
        if response.status == 100 {
            // An earlier try has said so already.
            if tries.toldToContinue {
                response.reset()
                return true
            }
            tries.toldToContinue = true
        }
        client.beginInformational(status: response.status, reason: response.reasonBytes)
        response.appendKeptFields(to: &worker.loop.outgoing)
        client.endInformational()
        response.reset()
        return true
    }

    /// The final head. It is written to the loop's outgoing buffer and sent with what comes next.
    /// False where it is not passed on: the request is tried again.
    @discardableResult
    func responseArrived() -> Bool {
        guard let client else { return false }
        let loop = worker.loop
        if response.status >= 500 { endpoint?.errorsTotal += 1 }
        if retriesAnswer() { return false }
        cancelTryTimer()
        if keepsBody { dropReplay() }
        answerBegan = true
        status = response.status
        firstByteNs = loop.nowNs
        let since = requestIsRead ? requestReadNs : startNs
        let serviceTime = (loop.nowNs &- since) / 1_000_000
        serviceTimeMs = serviceTime
        cluster?.count(status: status)
        for index in response.fields.indices {
            switch response.fields[index].id {
            case .server, .xEnvoyUpstreamServiceTime: response.fields[index].isDropped = true
            // RFC 9110 section 8.6: no Content-Length with 1xx and 204.
            case .contentLength where status == 204 || status < 200:
                response.fields[index].isDropped = true
            default: break
            }
        }
        let destinationHeaders = forward?.destinations[destinationIndex].headers
        if let routeHeaders { drop(routeHeaders.response, from: response) }
        if let destinationHeaders { drop(destinationHeaders.response, from: response) }

        dropOverruledCORSFields()

        client.beginHead(status: status, reason: response.reasonBytes)
        response.appendKeptFields(to: &loop.outgoing)
        appendAdded(
            route: routeHeaders?.response, destination: destinationHeaders?.response,
            to: &loop.outgoing)
        appendCORSFields(to: &loop.outgoing)
        if madeCookie != nil { appendMadeCookie(to: &loop.outgoing) }
        var ruled = routeHeaders?.ownInResponse ?? []
        if let destinationHeaders { ruled.formUnion(destinationHeaders.ownInResponse) }
        if !ruled.contains(.date), response.lacksDate { writeDate() }
        if response.isHTTP2 { writeEmptyLength() }
        writeServer()
        if !ruled.contains(.serviceTime) {
            loop.outgoing.append("x-envoy-upstream-service-time: ")
            loop.outgoing.append(decimal: serviceTime)
            loop.outgoing.append("\r\n")
        }
        client.endHead(
            status: status, framing: response.framing, closes: closesClient,
            upgrade: status == 101 ? response.value(of: .upgrade) : nil)
        return true
    }

    /// HTTP/2 says by frames that there is no body; HTTP/1 would wait for the connection's end.
    private func writeEmptyLength() {
        guard !request.isHTTP2, response.framing == .none, request.method != .head,
            status != 204, status != 304, response.index(of: .contentLength) < 0
        else { return }
        worker.loop.outgoing.append("content-length: 0\r\n")
    }

    /// Known when the head goes out: the client asked for it, or the listener is going away.
    private var closesClient: Bool { request.wantsClose || client?.listener.isEnding == true }

    func responseBody(_ bytes: ByteView) {
        guard bytes.count > 0, let client else { return }
        responseBytes &+= UInt64(bytes.count)
        client.sendBody(bytes)
    }

    func flushResponse() {
        client?.flushAnswer()
    }

    /// Body bytes that went past this process inside the kernel.
    func responseSpliced(_ count: Int) {
        responseBytes &+= UInt64(count)
        client?.spliced(count)
    }

    var isSplicing: Bool { upstream?.isSplicing ?? false }

    var canSendMore: Bool {
        guard let client else { return true }
        return !client.hasUnsentAboveHighWater
    }

    /// The response is complete. `decoder` holds its trailers when it was chunked.
    func responseEnded(_ decoder: borrowing ChunkedDecoder) {
        if isGRPC { noteGRPCStatus(in: decoder.trailers.readable) }
        client?.endBody(decoder)
        guard !isFinished, let client else { return }
        // An answer that came before the request was read to its end: the rest of the body would
        // be taken for the next request.
        let mustClose = closesClient || !requestIsRead
        finish()
        client.answered(mustClose: mustClose)
    }

    /// The upstream failed, before or inside its answer.
    func upstreamFailed(_ failure: Failure, reason: String? = nil, cause: StaticString? = nil) {
        upstream = nil
        guard !isFinished, let client else { return }
        if retries(after: failure) {
            endpoint?.errorsTotal += 1
            return
        }
        transportReason = reason
        failureCause = cause
        if answerBegan {
            // What was sent must not look complete: no last chunk, no full length, just the end.
            flushResponse()
            let stats = client.listener.httpStats
            if countsAsRequest { stats.add(.downstreamRqTxReset) }
            note(failure.afterHead)
            finish()
            client.abort()
        } else {
            reply(Reply(failure))
        }
    }

    /// The one way out: counts, logs, lets go of both sides and of itself.
    func finish() {
        guard !isFinished else { return }
        isFinished = true
        cancelTimers()
        if let upstream {
            self.upstream = nil
            upstream.abandon()
        }
        if claims.isHeld { claims.release() }
        claims.giveRetry()
        if !mirrors.isEmpty { leaveMirrors() }
        leaveEndpoint()
        if let cluster {
            cluster.stats.subtract(.upstreamRqActive)
            if failure == nil { cluster.stats.add(.upstreamRqCompleted) }
        }
        if let client, countsAsRequest {
            let stats = client.listener.httpStats
            stats.subtract(.downstreamRqActive)
            stats.add(.downstreamRqCompleted)
            switch status / 100 {
            case 1: stats.add(.downstreamRq1xx)
            case 2: stats.add(.downstreamRq2xx)
            case 3: stats.add(.downstreamRq3xx)
            case 4: stats.add(.downstreamRq4xx)
            case 5: stats.add(.downstreamRq5xx)
            default: break
            }
            record(client)
        }
        let client = client
        if client?.exchange === self { client?.exchange = nil }
        worker.giveExchange(self)
    }
}

extension ResponseHead {
    /// The endpoint sent none, or a rule has removed it (RFC 9110 section 6.6.1).
    fileprivate var lacksDate: Bool {
        for field in fields where field.id == .date && !field.isDropped { return false }
        return true
    }
}

extension Failure {
    /// The same failure once the head of the response is on its way.
    fileprivate var afterHead: Failure {
        switch self {
        case .connectionTermination: .connectionTerminationAfterHead
        case .localReset: .localResetAfterHead
        case .remoteReset, .remoteRefusedReset: .remoteResetAfterHead
        case .upstreamProtocolError: .upstreamProtocolErrorAfterHead
        default: self
        }
    }
}
