// The certificates of the two sides and what was agreed, for checks, logs and forwarded fields.
// Asked for once a connection at the most: each answer is read anew from libssl.
internal import COpenSSL
public import PKI

extension TLSStream {
    /// nil where the peer showed none.
    public var peer: Certificate? {
        guard let ssl = unsafe ssl, let raw = unsafe SSL_get1_peer_certificate(ssl) else {
            return nil
        }
        return unsafe Certificate(owning: raw)
    }

    /// This side's, as it was shown; nil where there is none.
    public var own: Certificate? {
        guard let ssl = unsafe ssl, let raw = unsafe SSL_get_certificate(ssl) else { return nil }
        unsafe X509_up_ref(raw)
        return unsafe Certificate(owning: raw)
    }

    /// The handshake failed because the peer's certificate was looked at and not believed.
    public var distrustsPeer: Bool {
        guard let ssl = unsafe ssl else { return false }
        return unsafe SSL_get_verify_result(ssl) != Int(X509_V_OK)
    }
}

extension TLSContext {
    /// The first URI in this side's certificate, its SPIFFE id where it is a workload; empty for
    /// none.
    func readOwnPrincipal() -> String {
        guard let raw = unsafe SSL_CTX_get0_certificate(pointer) else { return "" }
        unsafe X509_up_ref(raw)
        for case .uri(let text) in unsafe Certificate(owning: raw).names { return text }
        return ""
    }

    /// Why the peer of a stream that an older context has let in would not be let in by this one
    /// now, in OpenSSL's words; nil where it still would.
    ///
    /// The chain is the one the peer showed: streams of servers that verify their clients are never
    /// resumed, and a resumed one would have forgotten it.
    public func objection(toPeerOf stream: TLSStream) -> String? {
        guard verifiesPeers, let ssl = unsafe stream.ssl,
            let leaf = unsafe SSL_get0_peer_certificate(ssl)
        else { return nil }
        guard let store = unsafe X509_STORE_CTX_new() else { return "out of memory" }
        defer {
            unsafe X509_STORE_CTX_free(store)
            ERR_clear_error()
        }
        let shown = unsafe SSL_get_peer_cert_chain(ssl)
        guard
            unsafe X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(pointer), leaf, shown) == 1,
            unsafe X509_STORE_CTX_set_default(store, isServer ? "ssl_client" : "ssl_server") == 1
        else { return TLSError.reason("the chain cannot be looked at") }
        // As lenient as the handshake: see `passMissingList`.
        if let callback = unsafe SSL_CTX_get_verify_callback(pointer) {
            unsafe X509_STORE_CTX_set_verify_cb(store, callback)
        }
        if unsafe X509_verify_cert(store) == 1 { return nil }
        let code = unsafe X509_STORE_CTX_get_error(store)
        return unsafe X509_verify_cert_error_string(Int(code)).map { unsafe String(cString: $0) }
            ?? "it is not trusted"
    }
}
