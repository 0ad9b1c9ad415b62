// What a TLS 1.3 cipher suite means for records: a cipher, a hash, and their sizes.
// OpenSSL 3 looks an algorithm up by its name each time one is not at hand, which costs more than
// sealing a short record; these are looked up once a process.
internal import COpenSSL

/// Never changed once made; OpenSSL's own objects in it may be used from any thread.
@safe
final class RecordSuite: @unchecked Sendable {
    /// EVP_CIPHER
    let cipher: OpaquePointer
    /// EVP_MD
    let digest: OpaquePointer
    let keyBytes: Int
    /// Length of the hash, and so of a traffic secret.
    let secretBytes: Int
    /// Records sealed with one key before it is replaced (RFC 8446 section 5.5: 2^24.5 full ones
    /// for AES-GCM; ChaCha20-Poly1305 has no such bound, and one rule is simpler than two).
    static let recordsMax: UInt64 = 1 << 24

    private init?(cipher: String, digest: String, keyBytes: Int, secretBytes: Int) {
        guard let fetchedCipher = unsafe EVP_CIPHER_fetch(nil, cipher, nil),
            let fetchedDigest = unsafe EVP_MD_fetch(nil, digest, nil)
        else {
            _ = TLSError.reason("")
            return nil
        }
        unsafe self.cipher = fetchedCipher
        unsafe self.digest = fetchedDigest
        self.keyBytes = keyBytes
        self.secretBytes = secretBytes
    }

    /// By its number (RFC 8446 appendix B.4); nil for those that libssl has to serve itself.
    static func of(_ number: UInt16) -> RecordSuite? {
        switch number {
        case 0x1301: aes128
        case 0x1302: aes256
        case 0x1303: chacha20
        default: nil
        }
    }

    static let aes128 = RecordSuite(
        cipher: "AES-128-GCM", digest: "SHA2-256", keyBytes: 16, secretBytes: 32)
    static let aes256 = RecordSuite(
        cipher: "AES-256-GCM", digest: "SHA2-384", keyBytes: 32, secretBytes: 48)
    private static let chacha20 = RecordSuite(
        cipher: "ChaCha20-Poly1305", digest: "SHA2-256", keyBytes: 32, secretBytes: 32)
}
