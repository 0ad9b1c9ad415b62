// An SSL_CTX: everything streams of one kind share. OpenSSL 3.0 is slow when threads share one, so
// each worker makes its own from the same settings.
internal import COpenSSL
import Net

/// Used on one thread.
@safe
public final class TLSContext {
    let pointer: OpaquePointer
    private let protocols: [UInt8]
    private let staple: [UInt8]
    public let isServer: Bool
    /// Ciphertext OpenSSL wrote during the present call of a stream.
    var written = Buffer()
    /// Records a server seals with one key.
    var recordsMax = RecordSuite.recordsMax
    /// Peers that show a certificate must show one that is trusted.
    private(set) var verifiesPeers = false
    /// What metrics call this side: its certificate's first URI, empty for none.
    public private(set) lazy var ownPrincipal = readOwnPrincipal()

    /// The method of every stream's BIO.
    @safe
    final class PipeMethod: @unchecked Sendable {
        let pointer: OpaquePointer? = unsafe isthmus_pipe_method()
    }
    static let pipeMethod = PipeMethod()

    /// Istio's suites for TLS 1.2, in OpenSSL's names; TLS 1.3's are not a choice.
    static let defaultSuites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
        "AES128-GCM-SHA256", "AES256-GCM-SHA384",
    ]

    private init(_ method: OpaquePointer?, isServer: Bool, staple: [UInt8], protocols: [String])
        throws(TLSError)
    {
        let query = KeySchedule.shared == nil ? nil : ISTHMUS_KEY_SCHEDULE_QUERY
        guard let context = unsafe SSL_CTX_new_ex(nil, query, method) else {
            throw .configuration(TLSError.reason("SSL_CTX_new failed"))
        }
        unsafe pointer = context
        self.isServer = isServer
        self.staple = staple
        // RFC 7301: each name behind its length.
        self.protocols = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
    }

    /// - Parameter ticketKeys: 80 bytes all workers share, so that a session resumes on any of
    /// them.
    public convenience init(
        server settings: TLSServerSettings, ticketKeys: [UInt8]
    ) throws(TLSError) {
        unsafe try self.init(
            TLS_server_method(), isServer: true,
            staple: settings.identities.first?.staple ?? [],
            protocols: settings.applicationProtocols)
        try applyCommon(settings.minVersion, settings.maxVersion, settings.cipherSuites)
        for identity in settings.identities { try use(identity) }
        unsafe isthmus_ctx_set_server_options(pointer)
        try applyClientCertificates(settings)
        if settings.clientCertificates == .ignored {
            try shareTickets(ticketKeys, among: settings.sessionContext)
        } else {
            refuseTickets()
        }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe SSL_CTX_set_alpn_select_cb(pointer, TLSContext.chooseProtocol, context)
        if !staple.isEmpty {
            _ = unsafe isthmus_ctx_set_status(pointer, TLSContext.giveStaple, context)
        }
    }

    public convenience init(client settings: TLSClientSettings) throws(TLSError) {
        unsafe try self.init(
            TLS_client_method(), isServer: false, staple: [],
            protocols: settings.applicationProtocols)
        try applyCommon(settings.minVersion, settings.maxVersion, settings.cipherSuites)
        if let identity = settings.identity { try use(identity) }
        if settings.skipsVerification {
            unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
        } else {
            unsafe SSL_CTX_set_verify(
                pointer, SSL_VERIFY_PEER,
                settings.allowsMissingLists ? TLSContext.passMissingList : nil)
            verifiesPeers = true
            if let trusted = settings.trustedCA {
                try trust(trusted)
            } else if unsafe SSL_CTX_set_default_verify_paths(pointer) != 1 {
                throw .configuration(TLSError.reason("the system's CA bundle cannot be read"))
            }
            try revoke(settings.revocations)
        }
        if !protocols.isEmpty {
            _ = unsafe SSL_CTX_set_alpn_protos(pointer, protocols, UInt32(protocols.count))
        }
        // Whoever dials keeps the sessions: which may be used again is for them to say.
        _ = unsafe isthmus_ctx_set_cache_mode(
            pointer, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        unsafe SSL_CTX_sess_set_new_cb(pointer, TLSStream.keepSession)
    }

    private func applyCommon(
        _ minimum: TLSVersion, _ maximum: TLSVersion, _ suites: [String]
    ) throws(TLSError) {
        guard
            unsafe isthmus_ctx_set_versions(
                pointer, Int32(minimum.rawValue), Int32(maximum.rawValue)) == 1
        else { throw .configuration(TLSError.reason("the TLS versions are refused")) }
        let list = (suites.isEmpty ? Self.defaultSuites : suites).joined(separator: ":")
        guard unsafe SSL_CTX_set_cipher_list(pointer, list) == 1 else {
            throw .configuration(TLSError.reason("none of the cipher suites is known"))
        }
        _ = unsafe isthmus_ctx_set_groups(pointer, "X25519:P-256:P-384")
        // Idle connections give their 34 KB of record buffers back.
        // What is sent of a chain is what was given: OpenSSL would look for issuers in its store,
        // and verify what it found, for every handshake.
        _ = unsafe isthmus_ctx_set_mode(
            pointer,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER) | Int(SSL_MODE_NO_AUTO_CHAIN))
    }

    /// Tickets only: no server-side cache to fill or to lock.
    /// - Parameter servers: what tells the servers that may use them from all others.
    private func shareTickets(_ keys: [UInt8], among servers: [UInt8]) throws(TLSError) {
        _ = unsafe isthmus_ctx_set_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        var keys = keys
        if keys.count == 80 {
            _ = unsafe isthmus_ctx_set_ticket_keys(pointer, &keys, 80)
        }
        _ = unsafe SSL_CTX_set_num_tickets(pointer, 1)
        guard !servers.isEmpty,
            unsafe SSL_CTX_set_session_id_context(pointer, servers, UInt32(servers.count)) == 1
        else { throw .configuration(TLSError.reason("no session id context")) }
    }

    /// OpenSSL believes a resumed session's certificate as it was when the session was made: who
    /// has expired or is revoked since would come back. And a ticket holds the leaf alone, so
    /// nobody could look at such a peer's chain again.
    private func refuseTickets() {
        unsafe isthmus_ctx_refuse_tickets(pointer)
    }

    private func applyClientCertificates(_ settings: TLSServerSettings) throws(TLSError) {
        let mode: Int32
        switch settings.clientCertificates {
        case .ignored: return
        case .optional: mode = SSL_VERIFY_PEER
        case .required: mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
        }
        if settings.skipsVerification {
            unsafe SSL_CTX_set_verify(pointer, mode) { _, _ in 1 }
        } else {
            unsafe SSL_CTX_set_verify(
                pointer, mode, settings.allowsMissingLists ? TLSContext.passMissingList : nil)
            verifiesPeers = true
            try trust(settings.clientCA)
            try revoke(settings.revocations)
        }
    }

    // MARK: - Certificates

    private func use(_ identity: TLSIdentity) throws(TLSError) {
        let chain = try PEM.certificates(identity.chain)
        guard let leaf = chain.first else {
            throw .credential("the certificate holds no PEM block")
        }
        guard unsafe SSL_CTX_use_certificate(pointer, leaf.pointer) == 1 else {
            throw .credential("certificate: " + TLSError.reason("refused"))
        }
        for issuer in chain.dropFirst() {
            _ = unsafe isthmus_ctx_add_chain(pointer, issuer.pointer)
        }
        let key = try PEM.privateKey(identity.key)
        guard unsafe SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1,
            unsafe SSL_CTX_check_private_key(pointer) == 1
        else {
            throw .credential("private key: " + TLSError.reason("does not fit the certificate"))
        }
    }

    private func trust(_ pem: [UInt8]) throws(TLSError) {
        let certificates = try PEM.certificates(pem)
        guard !certificates.isEmpty else { throw .credential("the CA holds no PEM certificate") }
        let store = unsafe SSL_CTX_get_cert_store(pointer)
        for certificate in certificates {
            _ = unsafe X509_STORE_add_cert(store, certificate.pointer)
            if isServer { _ = unsafe SSL_CTX_add_client_CA(pointer, certificate.pointer) }
        }
        // A CA in the list is trusted as it is, whether or not it is a root.
        _ = unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    private func revoke(_ pem: [UInt8]) throws(TLSError) {
        guard !pem.isEmpty else { return }
        let store = unsafe SSL_CTX_get_cert_store(pointer)
        let lists = try PEM.revocationLists(pem)
        for list in lists { _ = unsafe X509_STORE_add_crl(store, list.pointer) }
        _ = unsafe X509_STORE_set_flags(
            store, UInt(X509_V_FLAG_CRL_CHECK))
    }

    // MARK: - Callbacks

    /// RFC 7301 section 3.2: the first of ours that the client offers; none is no error, the
    /// connection goes on with HTTP/1.1.
    private static let chooseProtocol: SSL_CTX_alpn_select_cb_func = {
        _, out, outLength, offered, offeredCount, context in
        guard let context = unsafe context else { return SSL_TLSEXT_ERR_NOACK }
        let owner = unsafe Unmanaged<TLSContext>.fromOpaque(context).takeUnretainedValue()
        var chosen: UnsafeMutablePointer<UInt8>?
        let result = unsafe owner.protocols.withUnsafeBufferPointer { ours in
            unsafe SSL_select_next_proto(
                &chosen, outLength, ours.baseAddress, UInt32(ours.count), offered, offeredCount)
        }
        guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_NOACK }
        unsafe out?.pointee = UnsafePointer(chosen)
        return SSL_TLSEXT_ERR_OK
    }

    private static let giveStaple: isthmus_status_callback = { ssl, context in
        guard let context = unsafe context else { return SSL_TLSEXT_ERR_NOACK }
        let owner = unsafe Unmanaged<TLSContext>.fromOpaque(context).takeUnretainedValue()
        guard let copy = unsafe CRYPTO_malloc(owner.staple.count, nil, 0) else {
            return SSL_TLSEXT_ERR_NOACK
        }
        unsafe owner.staple.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe copy.copyMemory(from: start, byteCount: bytes.count)
        }
        // OpenSSL frees the copy with the connection.
        _ = unsafe isthmus_ssl_staple(ssl, copy, Int32(owner.staple.count))
        return SSL_TLSEXT_ERR_OK
    }
}
