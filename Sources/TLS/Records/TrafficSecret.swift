// The secret that protects one direction of a TLS 1.3 connection, and what is derived from it.
// The derivation is the standard's (RFC 8446 sections 7.1 to 7.3); the hash is OpenSSL's.
internal import COpenSSL
import Net

/// Wiped when it is gone.
@safe
struct TrafficSecret: ~Copyable {
    static let bytesMax = 48
    let suite: RecordSuite
    /// The first `suite.secretBytes` count.
    private var bytes = InlineArray<48, UInt8>(repeating: 0)

    /// - Parameter secret: `suite.secretBytes` bytes.
    init(_ secret: UnsafePointer<UInt8>, suite: RecordSuite) {
        self.suite = suite
        for index in 0..<suite.secretBytes { unsafe bytes[index] = secret[index] }
    }

    deinit {
        var bytes = bytes
        bytes.wipe()
    }

    /// HKDF-Expand-Label(secret, label, "", count) into `out`; `count` is at most one hash long, so
    /// HKDF-Expand (RFC 5869) is a single HMAC. False when OpenSSL cannot hash.
    func expand(_ label: StaticString, _ count: Int, into out: inout InlineArray<48, UInt8>) -> Bool
    {
        precondition(count <= suite.secretBytes)
        // struct HkdfLabel { uint16 length; opaque label<7..255>; opaque context<0..255>; }
        var info: [UInt8] = [UInt8(count >> 8), UInt8(count & 255)]
        info.reserveCapacity(32)
        let prefix: StaticString = "tls13 "
        info.append(UInt8(prefix.utf8CodeUnitCount + label.utf8CodeUnitCount))
        for text in [prefix, label] { info += ByteView(text).array }
        info.append(0)
        // HKDF-Expand's counter.
        info.append(1)
        return authenticate(info, into: &out)
    }

    /// HMAC (RFC 2104) of `message` with the secret as its key.
    private func authenticate(_ message: [UInt8], into out: inout InlineArray<48, UInt8>) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        var pad = InlineArray<128, UInt8>(repeating: 0x36)
        for index in 0..<suite.secretBytes { pad[index] ^= bytes[index] }
        guard unsafe hash(context, pad, message.span, into: &out) else { return false }
        for index in 0..<suite.blockBytes { pad[index] ^= 0x36 ^ 0x5c }
        let inner = out
        let isDone = unsafe hash(
            context, pad, inner.span.extracting(first: suite.secretBytes), into: &out)
        pad.wipe()
        return isDone
    }

    private func hash(
        _ context: OpaquePointer, _ pad: InlineArray<128, UInt8>, _ message: Span<UInt8>,
        into out: inout InlineArray<48, UInt8>
    ) -> Bool {
        guard unsafe EVP_DigestInit_ex2(context, suite.digest, nil) == 1 else { return false }
        let isPadded = unsafe pad.span.withUnsafeBufferPointer {
            unsafe EVP_DigestUpdate(context, $0.baseAddress, suite.blockBytes)
        }
        let isFed = unsafe message.withUnsafeBufferPointer {
            unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
        var output = out.mutableSpan
        let isDone = unsafe output.withUnsafeMutableBufferPointer {
            unsafe EVP_DigestFinal_ex(context, $0.baseAddress, nil)
        }
        return isPadded == 1 && isFed == 1 && isDone == 1
    }

    /// The secret after this one (RFC 8446 section 7.2).
    mutating func advance() -> Bool {
        var next = InlineArray<48, UInt8>(repeating: 0)
        guard expand("traffic upd", suite.secretBytes, into: &next) else { return false }
        bytes = next
        next.wipe()
        return true
    }
}

extension InlineArray where Element == UInt8 {
    /// Overwrites in a way that the compiler does not take out.
    mutating func wipe() {
        var span = mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { bytes in
            unsafe OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        }
    }
}
