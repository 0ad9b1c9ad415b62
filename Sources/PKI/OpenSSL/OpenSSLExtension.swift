// Puts our extension values into OpenSSL's objects.
// Certificates, lists and their entries each have their own `add` function and share the rest.
internal import COpenSSL

extension CertificateExtension.Kind {
    var identifier: Int32 {
        switch self {
        case .subjectKeyIdentifier: NID_subject_key_identifier
        case .authorityKeyIdentifier: NID_authority_key_identifier
        case .basicConstraints: NID_basic_constraints
        case .keyUsage: NID_key_usage
        case .extendedKeyUsage: NID_ext_key_usage
        case .subjectAltName: NID_subject_alt_name
        case .nameConstraints: NID_name_constraints
        case .crlNumber: NID_crl_number
        case .crlReason: NID_crl_reason
        }
    }
}

extension CertificateExtension {
    /// Calls `add`, which copies the extension, and tells whether that worked.
    func add(with add: (OpaquePointer) -> Int32) -> Bool {
        guard let octets = unsafe ASN1_OCTET_STRING_new() else { return false }
        defer { unsafe ASN1_OCTET_STRING_free(octets) }
        guard
            unsafe ASN1_OCTET_STRING_set(octets, value, Int32(value.count)) == 1,
            let made = unsafe X509_EXTENSION_create_by_NID(
                nil, kind.identifier, isCritical ? 1 : 0, octets)
        else { return false }
        defer { unsafe X509_EXTENSION_free(made) }
        return unsafe add(made) == 1
    }
}
