// OpenSSL's verification codes in our words.
internal import COpenSSL

extension VerificationError.Reason {
    /// Codes that somebody can act on. Revocation's reason is filled in by whoever has the list.
    private static let table: [Int32: VerificationError.Reason] = [
        X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid,
        X509_V_ERR_CERT_HAS_EXPIRED: .expired,
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT: .unknownIssuer,
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: .unknownIssuer,
        X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: .unknownIssuer,
        X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: .untrustedRoot,
        X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: .untrustedRoot,
        X509_V_ERR_CERT_SIGNATURE_FAILURE: .badSignature,
        X509_V_ERR_INVALID_CA: .notAuthority,
        X509_V_ERR_KEYUSAGE_NO_CERTSIGN: .notAuthority,
        X509_V_ERR_PATH_LENGTH_EXCEEDED: .pathTooLong,
        X509_V_ERR_CERT_CHAIN_TOO_LONG: .pathTooLong,
        X509_V_ERR_PERMITTED_VIOLATION: .nameNotPermitted,
        X509_V_ERR_EXCLUDED_VIOLATION: .nameNotPermitted,
        X509_V_ERR_INVALID_PURPOSE: .wrongPurpose,
        X509_V_ERR_CERT_REVOKED: .revoked(.unspecified),
        X509_V_ERR_UNABLE_TO_GET_CRL: .listMissing,
        X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER: .listInvalid,
        X509_V_ERR_CRL_HAS_EXPIRED: .listExpired,
        X509_V_ERR_CRL_NOT_YET_VALID: .listInvalid,
        X509_V_ERR_CRL_SIGNATURE_FAILURE: .listInvalid,
        X509_V_ERR_KEYUSAGE_NO_CRL_SIGN: .listInvalid,
        X509_V_ERR_EE_KEY_TOO_SMALL: .tooWeak,
        X509_V_ERR_CA_KEY_TOO_SMALL: .tooWeak,
        X509_V_ERR_CA_MD_TOO_WEAK: .tooWeak,
        X509_V_ERR_HOSTNAME_MISMATCH: .wrongHost,
        X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongHost,
    ]

    /// - Parameter code: one of `X509_V_ERR_*`.
    package init(code: Int32) {
        if let known = VerificationError.Reason.table[code] {
            self = known
        } else {
            let words = unsafe X509_verify_cert_error_string(Int(code))
                .map { unsafe String(cString: $0) }
            self = .other(code: code, words ?? "unknown error")
        }
    }
}
