// What is trusted: root certificates, and the lists of what no longer is.
internal import COpenSSL

/// Immutable, and shared freely between threads: OpenSSL locks what it changes inside.
@safe
public final class TrustStore: @unchecked Sendable {
    /// How much of a chain must be on nobody's revocation list.
    public enum RevocationCheck: Sendable, Equatable {
        case none
        case leaf
        /// Every certificate below the root: then every issuer must have a list.
        case chain
    }

    /// An `X509_STORE` of which one reference is ours.
    package let raw: OpaquePointer
    public let roots: [Certificate]
    public let lists: [RevocationList]
    public let revocationCheck: RevocationCheck

    public init(
        roots: [Certificate], lists: [RevocationList] = [],
        revocationCheck: RevocationCheck = .none
    ) throws(PKIError) {
        guard let made = unsafe X509_STORE_new() else {
            throw OpenSSLFailure.library("make a trust store")
        }
        unsafe raw = made
        self.roots = roots
        self.lists = lists
        self.revocationCheck = revocationCheck
        for root in roots {
            guard unsafe X509_STORE_add_cert(raw, root.raw) == 1 else {
                throw OpenSSLFailure.library("trust a certificate")
            }
        }
        for list in lists {
            guard unsafe X509_STORE_add_crl(raw, list.raw) == 1 else {
                throw OpenSSLFailure.library("use a revocation list")
            }
        }
        let flags: Int =
            switch revocationCheck {
            case .none: 0
            case .leaf: Int(X509_V_FLAG_CRL_CHECK)
            case .chain: Int(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL)
            }
        guard unsafe X509_STORE_set_flags(raw, UInt(flags)) == 1 else {
            throw OpenSSLFailure.library("set up a trust store")
        }
    }

    deinit { unsafe X509_STORE_free(raw) }
}
