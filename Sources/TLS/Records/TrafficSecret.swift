// The secret that protects one direction of a TLS 1.3 connection, and what is derived from it.
// Which labels derive what is the standard's (RFC 8446 sections 7.2 and 7.3).
internal import COpenSSL

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

    /// HKDF-Expand-Label(secret, label, "", count) into `out`, where `count` is at most its length.
    /// False when OpenSSL cannot hash.
    func expand(_ label: StaticString, _ count: Int, into out: inout InlineArray<48, UInt8>) -> Bool
    {
        precondition(count <= Self.bytesMax)
        guard let schedule = KeySchedule.shared else { return false }
        var output = out.mutableSpan
        return unsafe output.withUnsafeMutableBufferPointer { target in
            unsafe bytes.span.withUnsafeBufferPointer { secret in
                unsafe isthmus_key_schedule_expand(
                    schedule.pointer, suite.digest, secret.baseAddress,
                    UnsafeRawPointer(label.utf8Start).assumingMemoryBound(to: CChar.self),
                    label.utf8CodeUnitCount, target.baseAddress, count)
            }
        } == 1
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
