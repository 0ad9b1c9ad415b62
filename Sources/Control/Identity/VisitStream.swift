// One request of a keeper to the authority, and what comes back.
internal import HTTP
internal import Net

final class VisitStream: H2Stream {
    enum Purpose { case certificate, roots, lists }

    let purpose: Purpose
    private unowned let visit: AuthorityVisit
    private(set) var status = 0
    private(set) var grpcStatus: Int?
    private(set) var grpcMessage: [UInt8] = []
    private(set) var tag: String?
    private(set) var body: [UInt8] = []
    private(set) var isComplete = false
    /// Lists of a large mesh; everything else is far smaller.
    private static let bodyBytesMax = 16 << 20

    init(id: Int32, session: H2Session, purpose: Purpose, visit: AuthorityVisit) {
        self.purpose = purpose
        self.visit = visit
        super.init(id: id, session: session)
    }

    override func received(name: ByteView, value: ByteView) -> Bool {
        if name.equals(":status") {
            status = value.decimal() ?? 0
        } else {
            take(name, value)
        }
        return true
    }

    override func receivedTrailer(name: ByteView, value: ByteView) { take(name, value) }

    private func take(_ name: ByteView, _ value: ByteView) {
        if name.equals("grpc-status") {
            grpcStatus = value.decimal()
        } else if name.equals("grpc-message") {
            grpcMessage = value.array
        } else if name.equals("etag") {
            tag = value.string
        }
    }

    override func receivedHead(ends: Bool) {
        gotFinalHead = status >= 200
        if ends { receivedEnd() }
    }

    override func received(body bytes: ByteView) {
        session.consume(bytes.count, of: self)
        guard body.count + bytes.count <= Self.bodyBytesMax else {
            session.reset(self, code: 8)
            return
        }
        body += bytes.array
    }

    override func receivedEnd() {
        guard !isComplete else { return }
        isComplete = true
        visit.finished(self)
    }

    override func closed(code: UInt32) {
        if !isComplete { visit.broke(self, code: code) }
    }

    /// The message of a call that went well.
    func message() throws(GRPCStatus) -> [UInt8] {
        // What is in front of an authority, a proxy say, speaks HTTP (PROTOCOL-HTTP2, "HTTP2 Status
        // to gRPC Status").
        guard status == 200 else {
            throw GRPCStatus(
                status == 401 ? .unauthenticated : .unavailable, "HTTP status \(status)")
        }
        guard let grpcStatus else { throw GRPCStatus(.unknown, "an answer without a grpc-status") }
        guard grpcStatus == 0 else {
            throw GRPCStatus(
                code: grpcStatus,
                message: GRPCStatus.percentDecoded(grpcMessage))
        }
        return try GRPCFrame.message(in: body)
    }
}
