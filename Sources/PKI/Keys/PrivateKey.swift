// A private key in memory.
// It leaves this module only as PKCS#8 text that the caller asked for, and OpenSSL wipes its memory
// when the last reference goes.
internal import COpenSSL

/// Signing with one key from several threads at once is safe: each signature has its own context.
@safe
public final class PrivateKey: @unchecked Sendable {
    /// An `EVP_PKEY` of which one reference is ours.
    package let raw: OpaquePointer
    public let kind: KeyKind

    /// Takes over one reference, also when it throws.
    init(owning raw: OpaquePointer) throws(PKIError) {
        unsafe self.raw = raw
        do throws(PKIError) {
            kind = try unsafe KeyKind(of: raw)
        } catch {
            unsafe EVP_PKEY_free(raw)
            throw error
        }
    }

    deinit { unsafe EVP_PKEY_free(raw) }

    /// Makes a fresh key. RSA takes from 0.1 s to several seconds, the others less than 1 ms.
    public static func generate(_ algorithm: KeyAlgorithm) throws(PKIError) -> PrivateKey {
        let failure = "make an \(algorithm.title) key"
        let type =
            switch algorithm {
            case .p256, .p384: "EC"
            case .rsa2048, .rsa4096: "RSA"
            case .ed25519: "ED25519"
            }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else {
            throw OpenSSLFailure.library(failure)
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var isReady = unsafe EVP_PKEY_keygen_init(context) == 1
        switch algorithm {
        case .p256:
            isReady = unsafe isReady && EVP_PKEY_CTX_set_group_name(context, "P-256") == 1
        case .p384:
            isReady = unsafe isReady && EVP_PKEY_CTX_set_group_name(context, "P-384") == 1
        case .rsa2048:
            isReady = unsafe isReady && EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1
        case .rsa4096:
            isReady = unsafe isReady && EVP_PKEY_CTX_set_rsa_keygen_bits(context, 4096) == 1
        case .ed25519: break
        }
        var made: OpaquePointer?
        guard isReady, unsafe EVP_PKEY_generate(context, &made) == 1, let made = unsafe made else {
            throw OpenSSLFailure.library(failure)
        }
        return try unsafe PrivateKey(owning: made)
    }

    public var publicKey: PublicKey {
        get throws(PKIError) {
            // The same object once more: `PublicKey` has no way to sign, and encoding and decoding
            // would cost six times the signature that usually follows.
            unsafe EVP_PKEY_up_ref(raw)
            return try unsafe PublicKey(owning: raw)
        }
    }
}

extension PublicKey {
    /// - Parameter der: a SubjectPublicKeyInfo.
    public convenience init(der: [UInt8]) throws(PKIError) {
        let decoded = unsafe OpenSSLBytes.object(
            in: der, decode: { unsafe d2i_PUBKEY(nil, $0, $1) },
            free: { unsafe EVP_PKEY_free($0) })
        guard let decoded = unsafe decoded else { throw OpenSSLFailure.malformed(.publicKey) }
        try unsafe self.init(owning: decoded)
    }
}
