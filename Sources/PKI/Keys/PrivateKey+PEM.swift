// Private keys as text: PKCS#8, encrypted where there is a passphrase (RFC 5958, RFC 8018).
// OpenSSL's own PEM reader asks on the terminal when a passphrase is missing, which a server must
// never do; so the text is taken apart here and only the DER goes to OpenSSL.
internal import COpenSSL

extension PrivateKey {
    /// Rounds of PBKDF2-HMAC-SHA256 over a passphrase: a tenth of a second for its owner, and for
    /// whoever guesses. OpenSSL's default is 2048.
    public static let passphraseRounds: Int32 = 600_000

    /// Reads the first private key in a PEM text: PKCS#8, PKCS#1 or SEC 1.
    ///
    /// - Parameter passphrase: used where the key is encrypted, ignored where it is not.
    /// - Throws: `.missing`, `.passphraseNeeded`, `.wrongPassphrase`, `.malformed` or
    ///   `.unsupportedKey`.
    public convenience init(pem: [UInt8], passphrase: [UInt8]? = nil) throws(PKIError) {
        let blocks = try PEMBlock.parse(pem)
        guard let block = blocks.first(where: \.label.isPrivateKey) else {
            throw .missing(.privateKey)
        }
        try unsafe self.init(owning: PrivateKey.decode(block, passphrase: passphrase))
    }

    /// The key as PKCS#8 PEM, encrypted (AES-256-CBC) where a passphrase is given.
    public func pem(passphrase: [UInt8]? = nil) throws(PKIError) -> [UInt8] {
        guard let plain = unsafe EVP_PKEY2PKCS8(raw) else {
            throw OpenSSLFailure.library("encode the private key")
        }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(plain) }
        guard let passphrase else {
            let der = unsafe OpenSSLBytes.encoded { unsafe i2d_PKCS8_PRIV_KEY_INFO(plain, $0) }
            return PEMBlock(.privateKey, der: der).text
        }
        guard
            let scheme = unsafe PKCS5_pbe2_set_iv(
                EVP_aes_256_cbc(), PrivateKey.passphraseRounds, nil, 16, nil, NID_hmacWithSHA256)
        else { throw OpenSSLFailure.library("encrypt the private key") }
        let sealed = unsafe passphrase.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                unsafe PKCS8_set0_pbe(text.baseAddress, Int32(text.count), plain, scheme)
            }
        }
        guard let sealed = unsafe sealed else {
            unsafe X509_ALGOR_free(scheme)
            throw OpenSSLFailure.library("encrypt the private key")
        }
        defer { unsafe X509_SIG_free(sealed) }
        let der = unsafe OpenSSLBytes.encoded { unsafe i2d_X509_SIG(sealed, $0) }
        return PEMBlock(.encryptedPrivateKey, der: der).text
    }

    private static func decode(
        _ block: PEMBlock, passphrase: [UInt8]?
    ) throws(PKIError) -> OpaquePointer {
        if block.isLegacyEncrypted {
            throw .malformed(
                .privateKey,
                reason: "it is encrypted in the format of OpenSSL before 1.0; convert it with "
                    + "`openssl pkcs8 -topk8`")
        }
        switch block.label {
        case .encryptedPrivateKey:
            return try unsafe open(block.der, passphrase: passphrase)
        case .privateKey:
            let decoded = unsafe OpenSSLBytes.object(
                in: block.der, decode: { unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, $0, $1) },
                free: { unsafe PKCS8_PRIV_KEY_INFO_free($0) })
            guard let decoded = unsafe decoded else {
                throw OpenSSLFailure.malformed(.privateKey)
            }
            defer { unsafe PKCS8_PRIV_KEY_INFO_free(decoded) }
            return try unsafe key(from: decoded)
        default:
            let decoded = unsafe OpenSSLBytes.object(
                in: block.der, decode: { unsafe d2i_AutoPrivateKey(nil, $0, $1) },
                free: { unsafe EVP_PKEY_free($0) })
            guard let decoded = unsafe decoded else {
                throw OpenSSLFailure.malformed(.privateKey)
            }
            return unsafe decoded
        }
    }

    private static func open(
        _ der: [UInt8], passphrase: [UInt8]?
    ) throws(PKIError) -> OpaquePointer {
        guard let passphrase else { throw .passphraseNeeded }
        let sealed = unsafe OpenSSLBytes.object(
            in: der, decode: { unsafe d2i_X509_SIG(nil, $0, $1) },
            free: { unsafe X509_SIG_free($0) })
        guard let sealed = unsafe sealed else { throw OpenSSLFailure.malformed(.privateKey) }
        defer { unsafe X509_SIG_free(sealed) }
        let opened = unsafe passphrase.withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                unsafe PKCS8_decrypt(sealed, text.baseAddress, Int32(text.count))
            }
        }
        guard let opened = unsafe opened else {
            ERR_clear_error()
            throw .wrongPassphrase
        }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(opened) }
        return try unsafe key(from: opened)
    }

    private static func key(from decoded: OpaquePointer) throws(PKIError) -> OpaquePointer {
        guard let key = unsafe EVP_PKCS82PKEY(decoded) else {
            throw OpenSSLFailure.malformed(.privateKey)
        }
        return unsafe key
    }
}
