// TLS 1.3's key derivation, which OpenSSL does for our contexts in a provider of ours.
// The provider is C, in COpenSSL/KeySchedule.h, as OpenSSL calls it with C's types; this is how it
// is loaded and asked.
internal import COpenSSL

/// One a process; each thread has a state of its own in it.
@safe
final class KeySchedule: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<isthmus_key_schedule>

    /// nil where OpenSSL refuses the provider: handshakes and records are libssl's alone then.
    static let shared: KeySchedule? = KeySchedule()

    private init?() {
        guard let sha256 = unsafe RecordSuite.aes128?.digest,
            let sha384 = unsafe RecordSuite.aes256?.digest,
            let loaded = unsafe isthmus_key_schedule_load(sha256, sha384)
        else {
            _ = TLSError.reason("")
            return nil
        }
        unsafe pointer = loaded
    }

    /// Runs a part of a handshake on this thread; what secrets it derives are kept.
    static func watching<R>(_ secrets: HandshakeSecrets?, _ body: () -> R) -> R {
        guard let secrets, let shared else { return body() }
        unsafe isthmus_key_schedule_watch(shared.pointer, secrets.pointer)
        defer { unsafe isthmus_key_schedule_watch(shared.pointer, nil) }
        return body()
    }
}

/// The secrets that protect the two directions once the handshake is over; wiped when gone.
@safe
final class HandshakeSecrets {
    fileprivate let pointer: UnsafeMutablePointer<isthmus_traffic_secrets>

    init() {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: isthmus_traffic_secrets())
    }

    deinit {
        unsafe OPENSSL_cleanse(pointer, MemoryLayout<isthmus_traffic_secrets>.size)
        unsafe pointer.deallocate()
    }

    /// A server's first flight has been made.
    var knowsServer: Bool { unsafe pointer.pointee.server_count > 0 }

    /// Protects what the client sends; nil while it is not known.
    func client(_ suite: RecordSuite) -> TrafficSecret? {
        guard unsafe pointer.pointee.client_count == suite.secretBytes else { return nil }
        return unsafe withUnsafePointer(to: &pointer.pointee.client) {
            unsafe TrafficSecret(
                UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self), suite: suite)
        }
    }

    /// Protects what the server sends; nil while it is not known.
    func server(_ suite: RecordSuite) -> TrafficSecret? {
        guard unsafe pointer.pointee.server_count == suite.secretBytes else { return nil }
        return unsafe withUnsafePointer(to: &pointer.pointee.server) {
            unsafe TrafficSecret(
                UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self), suite: suite)
        }
    }
}
