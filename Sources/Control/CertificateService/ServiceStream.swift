// One call, or one read of a page, on a connection to the certificate service.
// It gathers what arrives, within limits, and hands it over whole.
internal import Authority
internal import HTTP
internal import Net

final class ServiceStream: H2Stream {
    private enum Purpose {
        case undecided, call
        case page(String)
        case answered
    }

    private let connection: ServiceConnection
    private var method = ""
    private var path = ""
    private var contentType = ""
    private var encoding = ""
    private var authorization: [UInt8]?
    private var authorizationCount = 0
    private var knownTag = ""
    private var body: [UInt8] = []
    private var purpose = Purpose.undecided
    /// Of the service's share for calls under way.
    private var heldBytes = 0
    /// Milliseconds of the loop's clock.
    let startedMs: UInt64
    private(set) var isOver = false

    init(id: Int32, session: H2Session, connection: ServiceConnection) {
        self.connection = connection
        startedMs = connection.loop.nowMs
        super.init(id: id, session: session)
    }

    private var limits: ServiceLimits { connection.server.limits }

    // MARK: - What arrives

    override func received(name: ByteView, value: ByteView) -> Bool {
        if name.equals(":method") {
            method = value.string
        } else if name.equals(":path") {
            path = value.string
        } else if name.equals("content-type") {
            contentType = value.string
        } else if name.equals("grpc-encoding") {
            encoding = value.string
        } else if name.equals("authorization") {
            authorizationCount += 1
            // What is longer is no token of ours, and not kept.
            authorization = value.prefix(min(value.count, EnrolmentToken.bytesMax + 16)).array
            hold(authorization?.count ?? 0)
        } else if name.equals("if-none-match") {
            knownTag = value.string
        }
        return true
    }

    override func headTooLarge() {
        connection.server.counts.oversized += 1
        purpose = .answered
        respond(status: 431, type: "text/plain", body: Array("the head is too large\n".utf8))
    }

    override func receivedHead(ends: Bool) {
        if case .answered = purpose { return }
        switch method {
        case "POST" where Self.isGRPC(contentType): beginCall(ends: ends)
        case "POST": refuse(415, "calls are gRPC: application/grpc\n")
        case "GET":
            purpose = .page(path)
            if ends { receivedEnd() }
        default: refuse(405, "GET, or POST for gRPC\n")
        }
    }

    private static func isGRPC(_ type: String) -> Bool {
        // `application/grpc`, `application/grpc+proto`; not `application/grpc-web`.
        guard type.hasPrefix("application/grpc") else { return false }
        let rest = type.utf8.dropFirst("application/grpc".utf8.count)
        return rest.isEmpty || rest.elementsEqual("+proto".utf8)
            || rest.first == UInt8(ascii: ";")
    }

    private func beginCall(ends: Bool) {
        if path != CertificateService.path {
            end(GRPCStatus(.unimplemented, "no such method: \(path)"))
        } else if !encoding.isEmpty, encoding != "identity" {
            end(GRPCStatus(.unimplemented, "no encoding but identity is taken"))
        } else if ends {
            end(GRPCStatus(.internal, "the call has no message"))
        } else {
            purpose = .call
        }
    }

    override func received(body bytes: ByteView) {
        // What comes behind an answer is not made room for; the client sees the answer and ends it.
        guard case .call = purpose else { return }
        session.consume(bytes.count, of: self)
        guard body.count + bytes.count <= limits.messageBytesMax + GRPCFrame.prefixBytes else {
            connection.server.counts.oversized += 1
            end(
                GRPCStatus(
                    .resourceExhausted,
                    "the message is larger than \(limits.messageBytesMax) bytes"))
            return
        }
        guard hold(bytes.count) else {
            connection.server.counts.oversized += 1
            end(GRPCStatus(.resourceExhausted, "too many calls are under way"))
            return
        }
        body += bytes.array
    }

    /// False where all calls together take more than their share.
    @discardableResult
    private func hold(_ count: Int) -> Bool {
        guard connection.server.heldBytes + count <= limits.heldBytesMax else { return false }
        heldBytes += count
        connection.server.heldBytes += count
        return true
    }

    private func letGo() {
        connection.server.heldBytes -= heldBytes
        heldBytes = 0
        body = []
        authorization = nil
    }

    override func receivedEnd() {
        switch purpose {
        case .page(let path):
            purpose = .answered
            let page = connection.server.page(at: path)
            if let tag = page.tag, tag == knownTag {
                respond(status: 304, type: page.type, tag: tag, body: [])
            } else {
                respond(status: page.status, type: page.type, tag: page.tag, body: page.body)
            }
        case .call:
            purpose = .answered
            do throws(GRPCStatus) {
                let message = try GRPCFrame.message(in: body)
                body = []
                connection.server.take(
                    ServiceCall(stream: self, connection: connection, message: message))
            } catch {
                end(error)
            }
        case .undecided, .answered: break
        }
    }

    override func closed(code: UInt32) {
        isOver = true
        letGo()
        connection.forget(self)
    }

    /// What the `authorization` field says (RFC 6750 section 2.1).
    enum Authorization {
        case none
        case bearer([UInt8])
        /// Another scheme, or several fields that say different things.
        case other
    }

    var credentials: Authorization {
        guard let authorization else { return .none }
        let scheme = Array("bearer ".utf8)
        guard authorizationCount == 1, authorization.count > scheme.count,
            zip(authorization, scheme).allSatisfy({ lowercased($0) == $1 })
        else { return .other }
        return .bearer(Array(authorization.dropFirst(scheme.count).drop { $0 == 0x20 }))
    }

    // MARK: - Answers

    /// The message and an orderly end.
    func answer(_ message: [UInt8]) {
        letGo()
        guard !isOver else { return }
        var lines = Buffer()
        lines.append("content-type: application/grpc\r\n")
        session.submitResponse(self, status: 200, lines: &lines, ends: false)
        GRPCFrame.framed(message).withView { session.send($0, on: self) }
        GRPCStatus.ok.lines.withView { session.end(self, trailerLines: $0) }
    }

    /// An answer of trailers alone (PROTOCOL-HTTP2, "Trailers-Only").
    func end(_ status: GRPCStatus) {
        letGo()
        purpose = .answered
        guard !isOver else { return }
        var lines = Buffer()
        lines.append("content-type: application/grpc\r\n")
        lines.append(status.lines)
        session.submitResponse(self, status: 200, lines: &lines, ends: true)
    }

    private func refuse(_ status: UInt16, _ text: String) {
        purpose = .answered
        respond(status: status, type: "text/plain", body: Array(text.utf8))
    }

    private func respond(status: UInt16, type: String, tag: String? = nil, body: [UInt8]) {
        guard !isOver else { return }
        var lines = Buffer()
        lines.append(text: "content-type: \(type)\r\ncontent-length: \(body.count)\r\n")
        if let tag { lines.append(text: "etag: \(tag)\r\n") }
        session.submitResponse(self, status: status, lines: &lines, ends: body.isEmpty)
        guard !body.isEmpty else { return }
        body.withView { session.send($0, on: self) }
        session.end(self)
    }
}

/// A call that has arrived whole.
struct ServiceCall {
    let stream: ServiceStream
    let connection: ServiceConnection
    let message: [UInt8]
}
