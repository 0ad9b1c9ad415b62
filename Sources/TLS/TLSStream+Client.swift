// A client's side of a handshake: whom it takes for the server it wanted, and the sessions it gets.
// Names are judged inside the handshake, so that a wrong server sees neither this side's
// certificate nor a byte of a request, and is told by an alert.
internal import COpenSSL
internal import Net

extension TLSStream {
    /// What a client is told apart from others by, before the first byte.
    func prepare(_ destination: TLSDestination, session: TLSSession?) throws(TLSError) {
        if let name = destination.serverName {
            guard unsafe isthmus_ssl_set_host_name(ssl, name) == 1 else {
                throw .configuration(TLSError.reason("the server name is refused"))
            }
        }
        if !destination.applicationProtocols.isEmpty {
            // RFC 7301: each name behind its length. 0 is success here.
            let list = destination.applicationProtocols.flatMap {
                [UInt8($0.utf8.count)] + Array($0.utf8)
            }
            guard unsafe SSL_set_alpn_protos(ssl, list, UInt32(list.count)) == 0 else {
                throw .configuration(TLSError.reason("the application protocols are refused"))
            }
        }
        acceptedNames = destination.acceptedNames
        if !acceptedNames.isEmpty, unsafe SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE {
            unsafe SSL_set_verify(ssl, SSL_VERIFY_PEER, TLSStream.judge)
        }
        // What was judged when the session was made is not judged again.
        if let session { _ = unsafe SSL_set_session(ssl, session.pointer) }
    }

    /// Called for every certificate of a sound chain, the server's own last.
    private static let judge: @convention(c) (Int32, OpaquePointer?) -> Int32 = { sound, store in
        guard let store = unsafe store, let ssl = unsafe isthmus_verified_ssl(store),
            let owner = unsafe isthmus_ssl_owner(ssl)
        else { return sound }
        let stream = unsafe Unmanaged<TLSStream>.fromOpaque(owner).takeUnretainedValue()
        if sound == 0 {
            // As lenient as the context, whose callback this one stands in for: `passMissingList`.
            // The names are asked about when the certificate's turn comes.
            let lenient = unsafe SSL_CTX_get_verify_callback(stream.context.pointer)
            return unsafe lenient.map { unsafe $0(sound, store) } ?? 0
        }
        guard unsafe X509_STORE_CTX_get_error_depth(store) == 0,
            let certificate = unsafe X509_STORE_CTX_get_current_cert(store)
        else { return sound }
        if unsafe stream.accepts(certificate) { return 1 }
        unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH)
        return 0
    }

    @unsafe
    private func accepts(_ certificate: OpaquePointer) -> Bool {
        let names = unsafe PeerFacts(namesOf: certificate)
        return acceptedNames.contains { name in
            if name.contains("://") { return names.uris.contains(name) }
            if let address = PeerFacts.canonicalAddress(name) {
                return names.addresses.contains(address)
            }
            return unsafe isthmus_has_host(certificate, name, name.utf8.count) == 1
        }
    }

    /// Whether a failed handshake failed because of the server's names, its chain, or else.
    public enum Refusal: Sendable, Equatable {
        case names, chain, other
    }

    public var refusal: Refusal {
        switch unsafe SSL_get_verify_result(ssl) {
        case Int(X509_V_OK): .other
        case Int(X509_V_ERR_HOSTNAME_MISMATCH): .names
        default: .chain
        }
    }

    /// Seconds since 1970 after which a certificate of the peer's chain is no longer valid; nil
    /// where it showed none.
    public var peerNotAfter: Int64? {
        let end = unsafe isthmus_chain_not_after(ssl)
        return end == 0 ? nil : end
    }

    /// The latest session the server gave, which is then the caller's: each is used once.
    public func takeSession() -> TLSSession? {
        let taken = newSession
        newSession = nil
        return taken
    }

    /// TLS 1.3 gives them behind the handshake, among records.
    static let keepSession: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = {
        ssl, session in
        guard let ssl = unsafe ssl, let session = unsafe session,
            let owner = unsafe isthmus_ssl_owner(ssl)
        else { return 0 }
        let stream = unsafe Unmanaged<TLSStream>.fromOpaque(owner).takeUnretainedValue()
        unsafe stream.newSession = TLSSession(session, notAfter: stream.peerNotAfter ?? .max)
        // 1: the reference is ours now.
        return 1
    }
}
