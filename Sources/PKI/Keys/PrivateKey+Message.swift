// Signatures over messages that are no certificates: enrolment tokens.
internal import COpenSSL

extension PrivateKey {
    /// Signs a message: Ed25519 as it is (RFC 8032), other kinds with the digest that goes with
    /// their strength; ECDSA's result is DER.
    public func signature(of message: [UInt8]) throws(PKIError) -> [UInt8] {
        let digest = unsafe kind.digest.flatMap { unsafe $0.fetched }
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw OpenSSLFailure.library("sign a message")
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        var count = 0
        guard unsafe EVP_DigestSignInit(context, nil, digest, nil, raw) == 1,
            unsafe EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw OpenSSLFailure.library("sign a message") }
        var isDone = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            isDone =
                unsafe EVP_DigestSign(
                    context, buffer.baseAddress, &count, message, message.count) == 1
            initialized = isDone ? count : 0
        }
        guard isDone else { throw OpenSSLFailure.library("sign a message") }
        return bytes
    }
}

extension PublicKey {
    /// Whether `signature` is one over `message`, made with the private half of this key.
    public func accepts(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        let digest = unsafe kind.digest.flatMap { unsafe $0.fetched }
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        return unsafe EVP_DigestVerifyInit(context, nil, digest, nil, raw) == 1
            && EVP_DigestVerify(
                context, signature, signature.count, message, message.count) == 1
    }
}
