// Answering without an upstream: from the table of failures, or as a route says.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// A body up to this size is read to its end before it is refused, so that the connection can
    /// be used again; a longer one ends it.
    private static let bodyReadBeforeReplyMax = 64 * 1024

    func reply(_ reply: Reply) {
        guard !isFinished, let client else { return }
        cancelTimers()
        if shouldReadBodyFirst(reply) {
            deferredReply = reply
            // Reading may have been held up by an upstream that is no more.
            client.advance()
            return
        }
        var body = reply.body
        details = reply.details
        status = reply.status
        if let failure = reply.failure {
            note(failure)
            status = reply.status
            failure.appendBody(
                to: &body, transportReason: transportReason, retried: tries.begun > 1)
            if failure.row.side == .upstream {
                cluster?.count(status: status)
                endpoint?.errorsTotal += 1
            }
        }
        let closes =
            reply.failure?.row.closesDownstream ?? false || !requestIsRead || request.wantsClose
            || client.listener.isEnding || request.minorVersion == 0
            // What comes behind a CONNECT may be meant for the tunnel that was refused; read as a
            // request it would be one the client never made.
            || asksForTunnel
        // What is not sound HTTP is told so in HTTP, as the connection ends with it.
        if isGRPC, reply.location == nil, reply.failure?.row.closesDownstream != true {
            grpcStatus = reply.grpcStatus.map(Int.init) ?? Self.grpcStatus(for: reply.status)
            replyToCall(client, message: body, closes: closes)
            finish()
            client.answered(mustClose: closes)
            return
        }
        answerBegan = true
        let sendsBody = request.method != .head && Self.mayHaveBody(reply.status) && !body.isEmpty
        client.beginHead(status: reply.status, reason: ByteView(StatusReason.phrase(reply.status)))
        writeReplyFields(reply, bodyCount: body.count)
        client.endHead(
            status: reply.status, framing: sendsBody ? .length(body.count) : .none,
            closes: closes, upgrade: nil)
        if sendsBody {
            responseBytes = UInt64(body.count)
            body.withView { client.sendBody($0) }
        }
        client.endBody(ChunkedDecoder())
        finish()
        client.answered(mustClose: closes)
    }

    private func shouldReadBodyFirst(_ reply: Reply) -> Bool {
        guard hasBody, !requestIsRead, !request.expectsContinue, upstream == nil,
            reply.failure?.row.closesDownstream != true
        else { return false }
        guard case .length(let length) = request.framing else { return false }
        return length <= Self.bodyReadBeforeReplyMax
    }

    /// RFC 9112 section 6.3: bytes behind these would be read as the next response.
    private static func mayHaveBody(_ status: UInt16) -> Bool {
        status >= 200 && status != 204 && status != 304
    }

    private func writeReplyFields(_ reply: Reply, bodyCount: Int) {
        let loop = worker.loop
        if let location = reply.location {
            loop.outgoing.append("location: ")
            loop.outgoing.append(location)
            loop.outgoing.append("\r\n")
        }
        if Self.mayHaveBody(reply.status) {
            loop.outgoing.append("content-length: ")
            loop.outgoing.append(decimal: UInt64(bodyCount))
            loop.outgoing.append("\r\n")
        }
        let setsContentType = routeHeaders?.response.set.contains {
            $0.name.withView { $0.equalsIgnoringCase("content-type") }
        }
        if bodyCount > 0, Self.mayHaveBody(reply.status), setsContentType != true {
            loop.outgoing.append("content-type: text/plain\r\n")
        }
        if reply.failure == .overflow { loop.outgoing.append("x-envoy-overloaded: true\r\n") }
        appendCORSFields(to: &loop.outgoing)
        if reply.isPreflight {
            appendPreflightFields(to: &loop.outgoing)
        } else if reply.failure == nil, let headers = routeHeaders {
            append(headers.response.set, to: &loop.outgoing)
            append(headers.response.add, to: &loop.outgoing)
        }
        if reply.failure != nil || routeHeaders?.ownInResponse.contains(.date) != true {
            writeDate()
        }
        writeServer()
    }

    func writeDate() {
        let loop = worker.loop
        loop.outgoing.append("date: ")
        worker.date.append(to: &loop.outgoing, wallNs: loop.wallNs)
        loop.outgoing.append("\r\n")
    }

    func writeServer() {
        let loop = worker.loop
        loop.outgoing.append("server: ")
        loop.outgoing.append(worker.settings.serverName)
        loop.outgoing.append("\r\n")
    }
}
