// SHA-2, fetched from OpenSSL's providers once.
// OpenSSL 3.0 looks an algorithm up by name, under a lock, at every use of the old `EVP_sha256()`
// objects; a fetched one is found already.
internal import COpenSSL

public enum Digest: Sendable {
    /// Broken (RFC 6194). For old protocols that use it as a word to say and not as a secret.
    case sha1
    case sha256
    case sha384
    case sha512

    public func hash(_ bytes: [UInt8]) -> [UInt8] {
        guard let algorithm = unsafe fetched else { return [] }
        let capacity = unsafe Int(EVP_MD_get_size(algorithm))
        return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
            var count: UInt32 = 0
            let isDone = unsafe EVP_Digest(
                bytes, bytes.count, buffer.baseAddress, &count, algorithm, nil)
            initialized = isDone == 1 ? Int(count) : 0
        }
    }

    /// The `EVP_MD`, kept for the life of the process.
    var fetched: OpaquePointer? {
        switch self {
        case .sha1: unsafe Digest.fetched1
        case .sha256: unsafe Digest.fetched256
        case .sha384: unsafe Digest.fetched384
        case .sha512: unsafe Digest.fetched512
        }
    }

    private nonisolated(unsafe) static let fetched1 = unsafe EVP_MD_fetch(nil, "SHA1", nil)
    private nonisolated(unsafe) static let fetched256 = unsafe EVP_MD_fetch(nil, "SHA256", nil)
    private nonisolated(unsafe) static let fetched384 = unsafe EVP_MD_fetch(nil, "SHA384", nil)
    private nonisolated(unsafe) static let fetched512 = unsafe EVP_MD_fetch(nil, "SHA512", nil)
}
