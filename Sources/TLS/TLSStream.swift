// One TLS connection without its socket: ciphertext in, plain text out, and the other way round.
// It owns no buffers of its own between calls: what arrives is lent to OpenSSL for one call, what
// is to be sent is appended to a buffer the caller gives. Records of TLS 1.3 are RecordLayer's once
// the handshake is over; a server then lets go of libssl, a client keeps it for tickets.
internal import COpenSSL
public import Net

/// Used on one thread.
@safe
public final class TLSStream {
    public enum Progress: Equatable, Sendable {
        /// All bytes shown are used up; more are needed.
        case needMore
        /// The handshake is complete.
        case ready
        /// The peer said goodbye (close_notify): nothing more will come.
        case ended
        case failed(TLSError)
    }

    /// libssl's connection; nil once it is not needed any more, and `agreed` says what it knew.
    private(set) var ssl: OpaquePointer?
    let context: TLSContext
    let pipe: UnsafeMutablePointer<isthmus_tls_pipe>
    /// As far as the handshake has got.
    private(set) var secrets: HandshakeSecrets?
    /// In place of libssl, where that is possible.
    private var records: RecordLayer?
    private var agreed: Agreement?
    public private(set) var isReady = false
    /// Of a client: see `TLSDestination`.
    var acceptedNames: [String] = []
    /// Of a client: given by the server and not taken yet.
    var newSession: TLSSession?
    /// Why the connection failed, in the words Envoy's users search for.
    public private(set) var failureText: String?

    /// - Parameters:
    ///   - destination: whom a client dials; nothing of it counts for a server.
    ///   - session: one that the same server gave, to be resumed if it still agrees.
    public init(
        _ context: TLSContext, to destination: TLSDestination = TLSDestination(),
        session: TLSSession? = nil
    ) throws(TLSError) {
        guard let ssl = unsafe SSL_new(context.pointer),
            let bio = unsafe BIO_new(TLSContext.pipeMethod.pointer)
        else { throw .configuration(TLSError.reason("SSL_new failed")) }
        unsafe self.ssl = ssl
        self.context = context
        unsafe pipe = .allocate(capacity: 1)
        unsafe pipe.initialize(to: isthmus_tls_pipe())
        unsafe pipe.pointee.write = TLSStream.take
        unsafe BIO_set_data(bio, pipe)
        unsafe SSL_set_bio(ssl, bio, bio)
        unsafe pipe.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
        secrets = KeySchedule.shared == nil ? nil : HandshakeSecrets()
        if context.isServer {
            unsafe SSL_set_accept_state(ssl)
        } else {
            unsafe SSL_set_connect_state(ssl)
            try prepare(destination, session: session)
        }
    }

    deinit {
        // Freeing a connection that was not shut down would make its session unusable: peers close
        // without a word all the time.
        if isReady, failureText == nil, unsafe ssl != nil {
            unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        }
        unsafe SSL_free(ssl)
        unsafe pipe.deallocate()
    }

    // MARK: - Handshake and records

    /// Goes on with the handshake. `ciphertext` is what arrived (empty to begin as a client); what
    /// is to be sent is appended to `out`. `offset` tells how much was used: behind `ready` the
    /// rest is application data for `decrypt`.
    public func handshake(
        _ ciphertext: ByteView, offset: inout Int, out: inout Buffer
    ) -> Progress {
        let isFlightSent = secrets?.knowsServer ?? false
        let before = out.count
        lend(ciphertext.suffix(from: offset))
        let result = KeySchedule.watching(secrets) { unsafe SSL_do_handshake(ssl) }
        offset = unsafe ciphertext.count - pipe.pointee.in_count
        takeBack(&out)
        if result == 1 {
            isReady = true
            // Between the client's Finished and this moment a server writes nothing but tickets;
            // its own flight went out in a call before. A client has written nothing under the new
            // key yet.
            if !context.isServer {
                takeOver(sent: .empty)
            } else if isFlightSent {
                takeOver(sent: out.readable.suffix(from: before))
            }
            return .ready
        }
        return progress(after: result, "handshake failed")
    }

    private func takeOver(sent: ByteView) {
        let made = recordLayer(sent: sent)
        secrets = nil
        guard let made else { return }
        records = made
        guard context.isServer else {
            made.letRead { [unowned self] in readElsewhere($0) }
            return
        }
        agreed = agreement()
        guard agreed != nil else { return }
        // Freed without this, OpenSSL takes the session for one that ended badly.
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        unsafe SSL_free(ssl)
        unsafe ssl = nil
    }

    /// Decrypts what arrived into `plain`, until all is used up or `plain` holds `limit` bytes.
    /// Answers the protocol itself needs (key updates, alerts) are appended to `out`.
    public func decrypt(
        _ ciphertext: ByteView, into plain: inout Buffer, out: inout Buffer
    ) -> Progress {
        if let records { return records.decrypt(ciphertext, into: &plain, out: &out) }
        lend(ciphertext)
        var outcome = Progress.needMore
        while true {
            let result = unsafe plain.fill(limit: 16 * 1024) {
                unsafe SSL_read(ssl, $0, Int32($1))
            }
            if result > 0 {
                // Nothing is left: another call would only find that out.
                if unsafe pipe.pointee.in_count == 0 && SSL_pending(ssl) == 0 { break }
                continue
            }
            outcome = progress(after: Int32(result), "record")
            break
        }
        takeBack(&out)
        return outcome
    }

    /// Lets libssl see a record that holds no data. Tickets come out as `newSession`.
    private func readElsewhere(_ record: ByteView) -> Progress {
        lend(record)
        var byte: UInt8 = 0
        let result = unsafe SSL_read(ssl, &byte, 1)
        let outcome = progress(after: result, "record")
        endLoan()
        context.written.removeAll()
        return outcome
    }

    /// Encrypts `plain` behind what `out` holds.
    public func encrypt(_ plain: ByteView, out: inout Buffer) -> Progress {
        if let records { return records.encrypt(plain, out: &out) }
        guard plain.count > 0 else { return .ready }
        var rest = plain
        while rest.count > 0 {
            let count = unsafe SSL_write(
                ssl, rest.start, Int32(min(rest.count, 1 << 20)))
            guard count > 0 else {
                takeBack(&out)
                return progress(after: count, "record")
            }
            rest = rest.suffix(from: Int(count))
        }
        takeBack(&out)
        return .ready
    }

    /// close_notify (RFC 8446 section 6.1): the peer can tell the end from a cut.
    public func sayGoodbye(out: inout Buffer) {
        guard isReady else { return }
        if let records {
            records.sayGoodbye(out: &out)
            return
        }
        _ = unsafe SSL_shutdown(ssl)
        takeBack(&out)
    }

    private func progress(after result: Int32, _ what: String) -> Progress {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .needMore
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            let verify = unsafe SSL_get_verify_result(ssl)
            failureText = TLSError.envoyText(refusal)
            let reason = TLSError.reason(what)
            if verify != Int(X509_V_OK), let text = unsafe X509_verify_cert_error_string(verify) {
                return .failed(.failed("\(reason): \(unsafe String(cString: text))"))
            }
            return .failed(.failed(reason))
        }
    }

    /// close_notify has come: nothing will follow it.
    public var peerHasEnded: Bool {
        if let records { return records.peerHasEnded }
        return unsafe SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
    }

    // MARK: - The pipe

    private func lend(_ ciphertext: ByteView) {
        unsafe pipe.pointee.in = ciphertext.start.assumingMemoryBound(to: UInt8.self)
        unsafe pipe.pointee.in_count = ciphertext.count
        // What an earlier call left behind would be taken for this one's.
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    private func endLoan() {
        unsafe pipe.pointee.in = nil
        unsafe pipe.pointee.in_count = 0
    }

    private func takeBack(_ out: inout Buffer) {
        endLoan()
        guard !context.written.isEmpty else { return }
        if out.isEmpty {
            swap(&out, &context.written)
        } else {
            out.append(context.written.readable)
        }
        context.written.removeAll()
    }

    private static let take:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, Int
        ) -> Void = { owner, bytes, count in
            guard let owner = unsafe owner, let bytes = unsafe bytes else { return }
            let stream = unsafe Unmanaged<TLSStream>.fromOpaque(owner).takeUnretainedValue()
            unsafe stream.context.written.append(
                ByteView(start: UnsafeRawPointer(bytes), count: count))
        }

    // MARK: - What was agreed

    /// `h2`, `http/1.1`, or nil where ALPN chose nothing.
    public var applicationProtocol: String? {
        if let agreed { return agreed.applicationProtocol }
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name = unsafe name, count > 0 else { return nil }
        return unsafe ByteView(start: UnsafeRawPointer(name), count: Int(count)).string
    }

    /// SNI, as the client sent it.
    public var serverName: String? {
        if let agreed { return agreed.serverName }
        return unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map {
            unsafe String(cString: $0)
        }
    }

    /// `TLSv1.3`
    public var version: String {
        if let agreed { return agreed.version }
        return unsafe SSL_get_version(ssl).map { unsafe String(cString: $0) } ?? ""
    }

    /// `TLS_AES_128_GCM_SHA256`; empty before the handshake.
    public var cipherSuite: String {
        if let agreed { return agreed.cipherSuite }
        guard let cipher = unsafe SSL_get_current_cipher(ssl) else { return "" }
        return unsafe SSL_CIPHER_get_name(cipher).map { unsafe String(cString: $0) } ?? ""
    }

    public var isResumed: Bool {
        if let agreed { return agreed.isResumed }
        return unsafe SSL_session_reused(ssl) == 1
    }

    /// The peer's certificate, DER; nil where it gave none.
    public var peerCertificate: [UInt8]? {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        defer { unsafe X509_free(certificate) }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_X509(certificate, &bytes)
        guard count > 0, let bytes = unsafe bytes else { return nil }
        defer { unsafe isthmus_openssl_free(bytes) }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// What the peer's certificate says; nil where it gave none.
    public var peerFacts: PeerFacts? {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        defer { unsafe X509_free(certificate) }
        var facts = unsafe PeerFacts(namesOf: certificate)
        var ofCertificate = [UInt8](repeating: 0, count: 32)
        var ofKey = [UInt8](repeating: 0, count: 32)
        if unsafe isthmus_fingerprints(certificate, &ofCertificate, &ofKey) == 1 {
            facts.certificatePin = PeerFacts.hexadecimal(ofCertificate)
            facts.publicKeyPin = PeerFacts.base64(ofKey)
        }
        return facts
    }
}
