// P-256 keys from the bytes of their point, and back, past OpenSSL's decoders and encoders.
// Those look for a way from bytes to a key among all that are installed, each time anew.
internal import COpenSSL

extension PublicKey {
    /// A key whose curve new ones take over; nil where OpenSSL cannot make one.
    private static let curve = try? PrivateKey.generate(.p256)

    /// - Parameter point: uncompressed, 65 bytes (SEC 1 section 2.3.3).
    /// - Returns: nil where it is no point of the curve.
    convenience init?(p256 point: [UInt8]) {
        guard point.count == 65, point[0] == 4, let curve = PublicKey.curve,
            let made = unsafe EVP_PKEY_new()
        else { return nil }
        defer { ERR_clear_error() }
        guard unsafe EVP_PKEY_copy_parameters(made, curve.raw) == 1,
            unsafe EVP_PKEY_set1_encoded_public_key(made, point, point.count) == 1
        else {
            unsafe EVP_PKEY_free(made)
            return nil
        }
        unsafe self.init(p256: made, point: point)
    }

    /// Writes the key into a certificate. One that was written from its point is not decoded, which
    /// nobody misses who only sends it: `Certificate.readable` is for the others.
    func write(to certificate: OpaquePointer) -> Bool {
        guard let point else { return unsafe X509_set_pubkey(certificate, raw) == 1 }
        guard let target = unsafe X509_get_X509_PUBKEY(certificate),
            let copy = unsafe CRYPTO_memdup(point, point.count, nil, 0)
        else { return false }
        // The copy is the certificate's from here on.
        let isDone = unsafe X509_PUBKEY_set0_param(
            target, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
            UnsafeMutableRawPointer(OBJ_nid2obj(NID_X9_62_prime256v1)),
            copy.assumingMemoryBound(to: UInt8.self), Int32(point.count))
        if isDone != 1 { unsafe isthmus_openssl_free(copy) }
        return isDone == 1
    }
}
