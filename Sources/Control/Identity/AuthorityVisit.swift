// One connection to the authority: dialled, used for what is wanted now, and closed.
// Hours pass between two visits, so a connection kept open would only be one more thing to break.
internal import HTTP
internal import Net
internal import PKI
internal import TLS

/// What a visit is for.
struct VisitErrand {
    /// nil: roots and lists only.
    var request: CertificateRequestMessage?
    var token: [UInt8]?
    /// Names of the contents that are known already.
    var rootsTag: String?
    var listsTag: String?
}

/// What a visit brought.
struct VisitYield {
    /// As `IstioCertificateResponse`.
    var chain: [[UInt8]]?
    /// nil where they are what they were, or where the authority has no such page.
    var roots: (tag: String?, pem: [UInt8])?
    var lists: (tag: String?, pem: [UInt8])?
}

final class AuthorityVisit: H2Channel {
    typealias Outcome = Result<VisitYield, IdentityProblem>

    private let errand: VisitErrand
    private let authority: String
    private var yield = VisitYield()
    private var open = 0
    private var timer = TimerID.none
    private var then: ((Outcome) -> Void)?
    /// For everything from the dial to the last byte.
    static let deadlineMs: UInt64 = 10_000

    /// - Parameters:
    ///   - authority: the host and port that was asked for.
    ///   - then: called once, on the loop's thread, and not after `close`.
    init(
        _ descriptor: Int32, isConnecting: Bool, tls: TLSStream, loop: Loop, authority: String,
        errand: VisitErrand, then: @escaping (Outcome) -> Void
    ) {
        self.errand = errand
        self.authority = authority
        self.then = then
        super.init(descriptor, isConnecting: isConnecting, tls: tls, loop: loop)
        timer = loop.timers.schedule(afterMs: Self.deadlineMs, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) {
        conclude(
            .failure(
                IdentityProblem(
                    .unreachable,
                    "the authority at \(authority) did not answer within "
                        + "\(Self.deadlineMs / 1000) s")))
    }

    // MARK: - Requests

    override func established() {
        guard tls.applicationProtocol == "h2" else {
            conclude(
                .failure(
                    IdentityProblem(
                        .unreachable, "what is at \(authority) does not speak HTTP/2")))
            return
        }
        begin(.client, limits: H2Limits())
        if let request = errand.request { call(request) }
        get(CertificateService.rootsPath, .roots, tag: errand.rootsTag)
        get(CertificateService.listsPath, .lists, tag: errand.listsTag)
    }

    private func call(_ request: CertificateRequestMessage) {
        var lines = Buffer()
        lines.append("content-type: application/grpc\r\nte: trailers\r\n")
        lines.append("user-agent: isthmus\r\n")
        if let token = errand.token {
            lines.append("authorization: Bearer ")
            lines.append(token)
            lines.append("\r\n")
        }
        guard
            let stream = submit(
                "POST", CertificateService.path, .certificate, lines: &lines, ends: false)
        else { return }
        GRPCFrame.framed(request.bytes).withView { session?.send($0, on: stream) }
        session?.end(stream)
    }

    private func get(_ path: String, _ purpose: VisitStream.Purpose, tag: String?) {
        var lines = Buffer()
        lines.append("user-agent: isthmus\r\n")
        if let tag { lines.append(text: "if-none-match: \(tag)\r\n") }
        _ = submit("GET", path, purpose, lines: &lines, ends: true)
    }

    private func submit(
        _ method: StaticString, _ path: String, _ purpose: VisitStream.Purpose,
        lines: inout Buffer, ends: Bool
    ) -> H2Stream? {
        guard let session else { return nil }
        let stream = Array(path.utf8).withView { path in
            Array(authority.utf8).withView { authority in
                session.submitRequest(
                    method: ByteView(method), scheme: ByteView("https"), authority: authority,
                    path: path, lines: &lines, ends: ends
                ) { VisitStream(id: $0, session: session, purpose: purpose, visit: self) }
            }
        }
        if stream != nil { open += 1 }
        return stream
    }

    // MARK: - Answers

    func finished(_ stream: VisitStream) {
        open -= 1
        switch stream.purpose {
        case .certificate:
            do {
                yield.chain = try CertificateResponseMessage(try stream.message()).chain
            } catch let status as GRPCStatus {
                conclude(.failure(Self.problem(status, isByToken: errand.token != nil)))
                return
            } catch {
                conclude(.failure(IdentityProblem("the authority's answer cannot be read")))
                return
            }
        case .roots:
            if stream.status == 200 { yield.roots = (stream.tag, stream.body) }
        case .lists:
            if stream.status == 200 { yield.lists = (stream.tag, stream.body) }
        }
        if open == 0 { conclude(.success(yield)) }
    }

    func broke(_ stream: VisitStream, code: UInt32) {
        guard then != nil else { return }
        conclude(
            .failure(
                IdentityProblem(
                    .unreachable, "the authority at \(authority) broke off (HTTP/2 code \(code))"
                )))
    }

    override func ended(_ end: End) {
        var problem = IdentityProblem(
            .unreachable, "the authority at \(authority) closed the connection")
        if case .failed(let reason) = end {
            let isDisbelief = reason.contains("certificate verify failed")
            problem = IdentityProblem(
                isDisbelief ? .untrusted : .unreachable,
                isDisbelief
                    ? "the certificate of \(authority) is not believed: \(reason)"
                    : "\(authority): \(reason)")
        }
        conclude(.failure(problem))
        super.ended(end)
    }

    private static func problem(_ status: GRPCStatus, isByToken: Bool) -> IdentityProblem {
        if status.isCode(.unauthenticated) {
            return IdentityProblem(
                .refused,
                isByToken
                    ? "the authority refuses the token: it was used, is over, or is another "
                        + "authority's; make a new one with `isthmus ca token`"
                    : "the authority refuses our certificate: it is revoked, or the authority is "
                        + "another one now; enrol again with a token")
        }
        let kind: IdentityProblem.Kind =
            status.isCode(.unavailable) || status.isCode(.deadlineExceeded)
            ? .unreachable : .unusable
        return IdentityProblem(kind, "the authority says: \(status.message) (\(status.code))")
    }

    private func conclude(_ outcome: Outcome) {
        guard let then else { return }
        self.then = nil
        loop.timers.cancel(timer)
        close()
        // A certificate is not thrown away because a list was late: its token is spent.
        then(yield.chain == nil ? outcome : .success(yield))
    }

    /// Ends it without an outcome.
    func abandon() {
        then = nil
        loop.timers.cancel(timer)
        close()
    }
}
