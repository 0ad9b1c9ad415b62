// PEM text into OpenSSL's objects, each behind an owner that frees it.
internal import COpenSSL

enum PEM {
    static func certificates(_ pem: [UInt8]) throws(TLSError) -> [Certificate] {
        var found: [Certificate] = []
        let bio = MemoryBIO(pem)
        while let certificate = unsafe PEM_read_bio_X509(bio.pointer, nil, nil, nil) {
            unsafe found.append(Certificate(certificate))
        }
        let code = ERR_peek_last_error()
        let reason = TLSError.reason("")
        // The end of the text is told as "no start line"; anything else is a broken block.
        if isthmus_error_is_end(code) == 0, !found.isEmpty || code != 0 {
            throw .credential("certificate: \(reason)")
        }
        return found
    }

    static func privateKey(_ pem: [UInt8]) throws(TLSError) -> PrivateKey {
        let bio = MemoryBIO(pem)
        guard let key = unsafe PEM_read_bio_PrivateKey(bio.pointer, nil, nil, nil) else {
            throw .credential("private key: " + TLSError.reason("no PEM block"))
        }
        return unsafe PrivateKey(key)
    }

    static func revocationLists(_ pem: [UInt8]) throws(TLSError) -> [RevocationList] {
        var found: [RevocationList] = []
        let bio = MemoryBIO(pem)
        while let list = unsafe PEM_read_bio_X509_CRL(bio.pointer, nil, nil, nil) {
            unsafe found.append(RevocationList(list))
        }
        _ = TLSError.reason("")
        guard !found.isEmpty else { throw .credential("the CRL holds no PEM block") }
        return found
    }

    @safe
    final class Certificate {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }
        deinit { unsafe X509_free(pointer) }
    }

    @safe
    final class PrivateKey {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }
        deinit { unsafe EVP_PKEY_free(pointer) }
    }

    @safe
    final class RevocationList {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }
        deinit { unsafe X509_CRL_free(pointer) }
    }

    /// A copy of the text, as OpenSSL reads it.
    @safe
    final class MemoryBIO {
        let pointer: OpaquePointer?

        init(_ bytes: [UInt8]) {
            unsafe pointer = BIO_new(BIO_s_mem())
            _ = unsafe BIO_write(pointer, bytes, Int32(bytes.count))
        }
        deinit { unsafe BIO_free_all(pointer) }
    }
}
