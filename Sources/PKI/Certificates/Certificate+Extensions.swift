// What a certificate's extensions say (RFC 5280 section 4.2).
internal import COpenSSL

extension Certificate {
    /// Whether it may sign certificates: `cA` in its basic constraints.
    public var isAuthority: Bool {
        unsafe X509_get_extension_flags(raw) & UInt32(EXFLAG_CA) != 0
    }

    /// How many authorities may stand below this one; nil: no bound, or no authority.
    public var pathLength: Int? {
        let length = unsafe X509_get_pathlen(raw)
        return length < 0 ? nil : length
    }

    /// nil where the certificate has no such extension, which then forbids nothing.
    public var keyUsage: KeyUsage? {
        guard unsafe X509_get_extension_flags(raw) & UInt32(EXFLAG_KUSAGE) != 0 else { return nil }
        let bits = unsafe X509_get_key_usage(raw)
        let places: [(UInt32, KeyUsage)] = [
            (UInt32(KU_DIGITAL_SIGNATURE), .digitalSignature),
            (UInt32(KU_NON_REPUDIATION), .contentCommitment),
            (UInt32(KU_KEY_ENCIPHERMENT), .keyEncipherment),
            (UInt32(KU_DATA_ENCIPHERMENT), .dataEncipherment),
            (UInt32(KU_KEY_AGREEMENT), .keyAgreement), (UInt32(KU_KEY_CERT_SIGN), .keyCertSign),
            (UInt32(KU_CRL_SIGN), .crlSign), (UInt32(KU_ENCIPHER_ONLY), .encipherOnly),
            (UInt32(KU_DECIPHER_ONLY), .decipherOnly),
        ]
        return KeyUsage(places.filter { bits & $0.0 != 0 }.map(\.1))
    }

    /// Empty where the certificate has no such extension, which then forbids nothing.
    public var extendedKeyUsage: [ExtendedKeyUsage] {
        guard let stack = unsafe X509_get_ext_d2i(raw, NID_ext_key_usage, nil, nil) else {
            return []
        }
        let objects = OpaquePointer(stack)
        defer { unsafe isthmus_objects_free(objects) }
        var usages: [ExtendedKeyUsage] = []
        for index in unsafe 0..<max(0, OPENSSL_sk_num(objects)) {
            var text = [CChar](repeating: 0, count: 128)
            let object = unsafe OPENSSL_sk_value(objects, index)
            let count = unsafe OBJ_obj2txt(
                &text, Int32(text.count), object.map(OpaquePointer.init), 1)
            let bytes = text.prefix(max(0, min(Int(count), text.count - 1)))
            let dotted = String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            usages.append(ExtendedKeyUsage(dotted: dotted))
        }
        return usages
    }

    /// The subject alternative names, in order.
    public var names: [GeneralName] {
        guard let stack = unsafe X509_get_ext_d2i(raw, NID_subject_alt_name, nil, nil) else {
            return []
        }
        return unsafe GeneralName.take(OpaquePointer(stack))
    }

    public var subjectKeyIdentifier: [UInt8] {
        unsafe OpenSSLBytes.content(X509_get0_subject_key_id(raw))
    }

    public var authorityKeyIdentifier: [UInt8] {
        unsafe OpenSSLBytes.content(X509_get0_authority_key_id(raw))
    }

    /// Hosts that URIs below this certificate must have (RFC 5280 section 4.2.1.10).
    public var permittedURIHosts: [String] {
        guard let constraints = unsafe X509_get_ext_d2i(raw, NID_name_constraints, nil, nil) else {
            return []
        }
        let typed = unsafe constraints.assumingMemoryBound(to: NAME_CONSTRAINTS.self)
        defer { unsafe NAME_CONSTRAINTS_free(typed) }
        guard let subtrees = unsafe typed.pointee.permittedSubtrees else { return [] }
        var hosts: [String] = []
        for index in unsafe 0..<max(0, OPENSSL_sk_num(subtrees)) {
            guard let value = unsafe OPENSSL_sk_value(subtrees, index) else { continue }
            let subtree = unsafe value.assumingMemoryBound(to: GENERAL_SUBTREE.self)
            if case .uri(let host) = unsafe GeneralName(subtree.pointee.base) {
                hosts.append(host)
            }
        }
        return hosts
    }
}
