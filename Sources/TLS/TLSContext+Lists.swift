// What to make of a certificate whose issuer has no revocation list here.
// Inside of a mesh, an issuer that is new has signed certificates before its list is everywhere: to
// refuse those would cut a mesh in two for a minute at every rotation. Who is revoked gains nothing
// by it, for their issuer's list is there.
internal import COpenSSL

extension TLSContext {
    /// A verification callback that takes a missing list for one without entries. Lists that are
    /// there count: their entries, their signatures and their end.
    static let passMissingList: @convention(c) (Int32, OpaquePointer?) -> Int32 = { sound, store in
        guard sound == 0, let store = unsafe store,
            unsafe X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_CRL
        else { return sound }
        unsafe X509_STORE_CTX_set_error(store, X509_V_OK)
        return 1
    }
}
