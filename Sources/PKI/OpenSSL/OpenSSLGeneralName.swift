// Reads general names from OpenSSL's stacks.
internal import COpenSSL

extension GeneralName {
    /// Every name of a GENERAL_NAMES, which is freed.
    static func take(_ stack: OpaquePointer) -> [GeneralName] {
        defer { unsafe GENERAL_NAMES_free(stack) }
        var names: [GeneralName] = []
        for index in unsafe 0..<max(0, OPENSSL_sk_num(stack)) {
            guard let value = unsafe OPENSSL_sk_value(stack, index) else { continue }
            names.append(unsafe GeneralName(value.assumingMemoryBound(to: GENERAL_NAME.self)))
        }
        return names
    }

    init(_ name: UnsafePointer<GENERAL_NAME>) {
        var kind: Int32 = -1
        let value = unsafe GENERAL_NAME_get0_value(name, &kind)
        guard [GEN_EMAIL, GEN_DNS, GEN_URI, GEN_IPADD].contains(kind), let value = unsafe value
        else {
            self = .other(tag: Int(kind))
            return
        }
        let bytes = unsafe OpenSSLBytes.content(value.assumingMemoryBound(to: ASN1_STRING.self))
        let text = String(decoding: bytes, as: UTF8.self)
        switch kind {
        case GEN_EMAIL: self = .email(text)
        case GEN_DNS: self = .dns(text)
        case GEN_URI: self = .uri(text)
        default:
            self = [4, 16].contains(bytes.count) ? .address(bytes) : .other(tag: Int(kind))
        }
    }
}
