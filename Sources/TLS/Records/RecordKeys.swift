// Seals or opens the records of one direction (RFC 8446 section 5.2): key, IV and record number.
// The cipher is OpenSSL's; what is here is which bytes it gets, record by record.
internal import COpenSSL
import Net

/// Used on one thread.
@safe
final class RecordKeys {
    enum Use { case sealing, opening }

    static let headerBytes = 5
    static let tagBytes = 16
    /// Content of one record (RFC 8446 section 5.1).
    static let contentMax = 16 * 1024
    /// From here on content is sealed from where it lies; less is quicker copied, as the type byte
    /// behind it then goes through the cipher in the same call.
    private static let copiedMax = 2048

    private var secret: TrafficSecret
    private let use: Use
    /// EVP_CIPHER_CTX with the key in it.
    private let context: OpaquePointer?
    private var iv = InlineArray<12, UInt8>(repeating: 0)
    /// Records sealed or opened with the present key.
    private(set) var sequence: UInt64

    /// `sequence`: records that went before.
    init(
        _ secret: consuming TrafficSecret, for use: Use, sequence: UInt64 = 0
    ) throws(TLSError) {
        unsafe context = EVP_CIPHER_CTX_new()
        self.use = use
        self.sequence = sequence
        self.secret = secret
        guard load() else { throw .failed(TLSError.reason("no cipher")) }
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(context)
    }

    /// Derives key and IV from the secret (RFC 8446 section 7.3).
    private func load() -> Bool {
        var derived = InlineArray<48, UInt8>(repeating: 0)
        guard secret.expand("iv", 12, into: &derived) else { return false }
        for index in 0..<12 { iv[index] = derived[index] }
        guard secret.expand("key", secret.suite.keyBytes, into: &derived) else { return false }
        let isSet = unsafe derived.span.withUnsafeBufferPointer {
            unsafe EVP_CipherInit_ex2(
                context, secret.suite.cipher, $0.baseAddress, nil, use == .sealing ? 1 : 0, nil)
        }
        derived.wipe()
        return isSet == 1
    }

    /// Goes over to the next key, as KeyUpdate asks for.
    func advance() -> Bool {
        guard secret.advance(), load() else { return false }
        sequence = 0
        return true
    }

    /// The nonce: the IV with the record's number in its last eight bytes. The key stays.
    private func begin() -> Bool {
        var nonce = iv
        for index in 0..<8 {
            nonce[11 - index] ^= UInt8(truncatingIfNeeded: sequence >> UInt64(8 * index))
        }
        // 2^64 records are never reached: sealing changes keys long before.
        sequence &+= 1
        return unsafe nonce.span.withUnsafeBufferPointer {
            unsafe EVP_CipherInit_ex2(context, nil, nil, $0.baseAddress, -1, nil)
        } == 1
    }

    /// Appends one record to `out`: header, content and type under the cipher, tag. `content` is at
    /// most `contentMax` long. False when OpenSSL refuses; `out` is then as before.
    func seal(_ type: RecordType, _ content: ByteView, into out: inout Buffer) -> Bool {
        precondition(use == .sealing && content.count <= Self.contentMax)
        guard begin() else { return false }
        let length = content.count + 1 + Self.tagBytes
        let total = Self.headerBytes + length
        let written = unsafe out.fill(limit: total) { target, _ in
            let record = unsafe target.assumingMemoryBound(to: UInt8.self)
            unsafe record[0] = RecordType.applicationData.rawValue
            unsafe record[1] = 3
            unsafe record[2] = 3
            unsafe record[3] = UInt8(length >> 8)
            unsafe record[4] = UInt8(length & 255)
            let inner = unsafe record + Self.headerBytes
            let end = unsafe inner + content.count
            var taken: Int32 = 0
            guard
                unsafe EVP_EncryptUpdate(context, nil, &taken, record, Int32(Self.headerBytes)) == 1
            else { return -1 }
            var start = unsafe inner
            if content.count > Self.copiedMax {
                guard
                    unsafe EVP_EncryptUpdate(
                        context, inner, &taken,
                        content.start.assumingMemoryBound(to: UInt8.self), Int32(content.count))
                        == 1
                else { return -1 }
                unsafe start = end
            } else {
                unsafe UnsafeMutableRawPointer(inner).copyMemory(
                    from: content.start, byteCount: content.count)
            }
            unsafe end.pointee = type.rawValue
            let tag = unsafe end + 1
            guard
                unsafe EVP_EncryptUpdate(context, start, &taken, start, Int32(tag - start)) == 1,
                unsafe EVP_EncryptFinal_ex(context, tag, &taken) == 1,
                unsafe EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), tag) == 1
            else { return -1 }
            return Int32(total)
        }
        return written == total
    }

    /// Appends what is in `record` (header and all of its body, at least a tag) to `plain`:
    /// content, type and padding. False when it was not sealed with this key and number; `plain` is
    /// then as before.
    func open(_ record: ByteView, into plain: inout Buffer) -> Bool {
        precondition(use == .opening && record.count >= Self.headerBytes + Self.tagBytes)
        guard begin() else { return false }
        let inner = record.count - Self.headerBytes - Self.tagBytes
        var isGenuine = false
        let opened = unsafe plain.fill(limit: inner) { target, _ in
            let out = unsafe target.assumingMemoryBound(to: UInt8.self)
            let bytes = unsafe record.start.assumingMemoryBound(to: UInt8.self)
            let tag = unsafe UnsafeMutablePointer(mutating: bytes + Self.headerBytes + inner)
            var taken: Int32 = 0
            guard
                unsafe EVP_DecryptUpdate(context, nil, &taken, bytes, Int32(Self.headerBytes)) == 1,
                unsafe EVP_DecryptUpdate(
                    context, out, &taken, bytes + Self.headerBytes, Int32(inner)) == 1,
                unsafe EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagBytes), tag) == 1,
                unsafe EVP_DecryptFinal_ex(context, out + inner, &taken) == 1
            else { return 0 }
            isGenuine = true
            return Int32(inner)
        }
        return isGenuine && opened == inner
    }
}
