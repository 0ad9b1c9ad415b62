// A session a server gave a client, with which the next connection skips certificates and key
// exchange (RFC 8446 section 2.2).
internal import COpenSSL

/// Used on one thread.
@safe
public final class TLSSession {
    let pointer: OpaquePointer
    /// Seconds since 1970: a certificate of the chain behind it ends then. Resuming does not look
    /// at certificates again.
    public let notAfter: Int64

    /// Takes over the reference.
    init(_ pointer: OpaquePointer, notAfter: Int64) {
        unsafe self.pointer = pointer
        self.notAfter = notAfter
    }

    deinit {
        unsafe SSL_SESSION_free(pointer)
    }
}
