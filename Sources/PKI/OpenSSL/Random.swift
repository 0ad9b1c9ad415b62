// Random bytes from OpenSSL's generator, which the kernel seeds and which survives fork.
internal import COpenSSL

enum Random {
    static func bytes(_ count: Int) throws(PKIError) -> [UInt8] {
        var isDone = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            isDone = unsafe RAND_bytes(buffer.baseAddress, Int32(count)) == 1
            initialized = isDone ? count : 0
        }
        guard isDone else { throw OpenSSLFailure.library("make random bytes") }
        return bytes
    }
}
