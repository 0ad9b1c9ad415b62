// The public half of a key, as certificates and requests carry it.
internal import COpenSSL

/// Shared freely between threads: OpenSSL counts its references.
@safe
public final class PublicKey: @unchecked Sendable {
    /// An `EVP_PKEY` of which one reference is ours.
    package let raw: OpaquePointer
    public let kind: KeyKind
    /// Of a P-256 key that was made from it: the uncompressed point.
    let point: [UInt8]?

    /// Takes over one reference, also when it throws.
    init(owning raw: OpaquePointer) throws(PKIError) {
        unsafe self.raw = raw
        point = nil
        do throws(PKIError) {
            kind = try unsafe KeyKind(of: raw)
        } catch {
            unsafe EVP_PKEY_free(raw)
            throw error
        }
    }

    /// Takes over one reference to a key on P-256 that was made from a point.
    init(p256 raw: OpaquePointer, point: [UInt8]) {
        unsafe self.raw = raw
        kind = .p256
        self.point = point
    }

    deinit { unsafe EVP_PKEY_free(raw) }

    /// The SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), DER.
    public var der: [UInt8] {
        unsafe OpenSSLBytes.encoded { unsafe i2d_PUBKEY(raw, $0) }
    }

    /// SHA-256 of `der`: what Istio's `verifyCertificateSpki` compares, there in base64.
    public var fingerprint: [UInt8] { Digest.sha256.hash(der) }

    /// The leftmost 160 bits of the SHA-256 of the key's bits (RFC 7093 section 2, method 1).
    public var identifier: [UInt8] {
        var wrapped: OpaquePointer?
        guard unsafe X509_PUBKEY_set(&wrapped, raw) == 1, let wrapped = unsafe wrapped else {
            ERR_clear_error()
            return []
        }
        defer { unsafe X509_PUBKEY_free(wrapped) }
        return unsafe PublicKey.identifier(ofEncoded: wrapped)
    }

    /// - Parameter encoded: an `X509_PUBKEY`, which stays its owner's.
    static func identifier(ofEncoded encoded: OpaquePointer) -> [UInt8] {
        var bits: UnsafePointer<UInt8>?
        var count: Int32 = 0
        guard unsafe X509_PUBKEY_get0_param(nil, &bits, &count, nil, encoded) == 1 else {
            return []
        }
        let bytes = unsafe Array(UnsafeBufferPointer(start: bits, count: Int(count)))
        return Array(Digest.sha256.hash(bytes).prefix(20))
    }
}

extension PublicKey: Equatable {
    public static func == (left: PublicKey, right: PublicKey) -> Bool {
        unsafe EVP_PKEY_eq(left.raw, right.raw) == 1
    }
}

extension KeyKind {
    /// - Throws: `.unsupportedKey` with the kind it is.
    init(of raw: OpaquePointer) throws(PKIError) {
        let bits = unsafe Int(EVP_PKEY_get_bits(raw))
        switch unsafe EVP_PKEY_get_base_id(raw) {
        case EVP_PKEY_RSA:
            guard bits >= KeyKind.rsaBitsMin else {
                throw .unsupportedKey("an RSA key of \(bits) bits")
            }
            self = .rsa(bits: bits)
        case EVP_PKEY_ED25519:
            self = .ed25519
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 64)
            let isNamed = unsafe EVP_PKEY_get_group_name(raw, &name, name.count, nil) == 1
            switch unsafe isNamed ? OBJ_txt2nid(name) : NID_undef {
            case NID_X9_62_prime256v1: self = .p256
            case NID_secp384r1: self = .p384
            case NID_secp521r1: self = .p521
            default:
                ERR_clear_error()
                throw .unsupportedKey("an elliptic curve other than P-256, P-384 and P-521")
            }
        default:
            let name = unsafe EVP_PKEY_get0_type_name(raw)
            throw .unsupportedKey(
                "a key of type " + (unsafe name.map { unsafe String(cString: $0) } ?? "unknown"))
        }
    }
}
