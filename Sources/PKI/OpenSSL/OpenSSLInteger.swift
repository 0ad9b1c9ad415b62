// Serial numbers and list numbers between bytes and ASN.1 integers.
internal import COpenSSL

enum OpenSSLInteger {
    /// The magnitude, big-endian. A negative number, which old authorities made, loses its sign.
    static func bytes(_ integer: UnsafePointer<ASN1_INTEGER>?) -> [UInt8] {
        unsafe OpenSSLBytes.content(integer)
    }

    /// Calls `body` with a temporary integer that is not negative.
    static func withInteger(
        _ bytes: [UInt8], _ body: (UnsafeMutablePointer<ASN1_INTEGER>) -> Int32
    ) -> Bool {
        guard let number = unsafe BN_bin2bn(bytes, Int32(bytes.count), nil) else { return false }
        defer { unsafe BN_free(number) }
        guard let integer = unsafe BN_to_ASN1_INTEGER(number, nil) else { return false }
        defer { unsafe ASN1_INTEGER_free(integer) }
        return unsafe body(integer) == 1
    }
}
