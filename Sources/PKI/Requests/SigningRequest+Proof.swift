// The proven key of a request, and nothing else of it: what a service needs, thousands of times a
// second.
// OpenSSL 3.0 takes longer to find the decoder for a public key than to verify a signature with it.
// The usual request, P-256 and SHA-256, has a key of 91 bytes of which 26 are always the same, so
// it is taken apart here; the signature is OpenSSL's to verify, and every other request all is.
internal import COpenSSL

extension SigningRequest {
    /// The key asked for, where the request is signed with it (RFC 2986 section 3).
    ///
    /// - Throws: as `init(pem:)` and `provenKey`.
    public static func provenKey(pem: [UInt8]) throws(PKIError) -> PublicKey {
        let der = try SigningRequest.der(inPEM: pem)
        if let key = try usualKey(der) { return key }
        return try SigningRequest(der: der).provenKey
    }

    /// SubjectPublicKeyInfo of a P-256 key up to the point, uncompressed (RFC 5480 section 2).
    private static let keyStart: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]
    /// AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 section 3.2).
    private static let algorithm: [UInt8] = [
        0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
    ]

    /// nil where it is another kind of request, or one that OpenSSL should say what is wrong with.
    private static func usualKey(_ der: [UInt8]) throws(PKIError) -> PublicKey? {
        var all = DERReader(der[...])
        guard let request = all.next(0x30), all.isAtEnd else { return nil }
        var parts = DERReader(request.content)
        guard let info = parts.next(0x30), parts.next(0x30)?.whole.elementsEqual(algorithm) == true,
            let bits = parts.next(0x03), parts.isAtEnd, bits.content.first == 0
        else { return nil }
        var fields = DERReader(info.content)
        guard fields.next(0x02)?.content.elementsEqual([0]) == true, fields.next(0x30) != nil,
            let key = fields.next(0x30)?.whole, key.starts(with: keyStart),
            fields.next(0xA0) != nil, fields.isAtEnd
        else { return nil }
        guard let proven = PublicKey(p256: Array(key.dropFirst(keyStart.count))) else { return nil }
        guard proven.accepts(Array(bits.content.dropFirst()), of: Array(info.whole)) else {
            throw .badSignature(.certificateRequest)
        }
        return proven
    }
}
