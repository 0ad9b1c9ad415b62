// Bytes on their way into and out of OpenSSL's decoders and encoders.
// One place for the pointer-to-pointer dance of `d2i` and `i2d`, so that nobody forgets that bytes
// after the object are an error: two parsers that disagree about the end are an attack.
internal import COpenSSL

enum OpenSSLBytes {
    typealias Cursor = UnsafeMutablePointer<UnsafePointer<UInt8>?>
    typealias Output = UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>

    /// Decodes one object that fills all of `der`; nil where it does not.
    ///
    /// - Parameters:
    ///   - decode: a `d2i` function, given the cursor and the length.
    ///   - free: frees an object that bytes follow.
    static func object<Pointer>(
        in der: [UInt8], decode: (Cursor, Int) -> Pointer?, free: (Pointer) -> Void
    ) -> Pointer? {
        unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            guard let object = unsafe decode(&cursor, bytes.count) else { return nil }
            guard let start = bytes.baseAddress, let end = unsafe cursor,
                unsafe end - start == bytes.count
            else {
                free(object)
                return nil
            }
            return object
        }
    }

    /// What an `i2d` function writes; empty where it fails.
    static func encoded(_ encode: (Output?) -> Int32) -> [UInt8] {
        let count = Int(encode(nil))
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var cursor = buffer.baseAddress
            initialized = unsafe Int(max(0, encode(&cursor)))
        }
    }

    /// A copy of an ASN.1 string's content, whatever its kind.
    static func content(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        guard let string = unsafe string, let data = unsafe ASN1_STRING_get0_data(string) else {
            return []
        }
        return unsafe Array(
            UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(string))))
    }

    /// A distinguished name as RFC 2253 writes it.
    static func text(ofName name: OpaquePointer?) -> String {
        guard let name = unsafe name, let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe _ = BIO_free(bio) }
        guard unsafe X509_NAME_print_ex(bio, name, 0, isthmus_name_flags()) >= 0 else {
            ERR_clear_error()
            return ""
        }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = unsafe isthmus_bio_bytes(bio, &bytes)
        guard let bytes = unsafe bytes, count > 0 else { return "" }
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
