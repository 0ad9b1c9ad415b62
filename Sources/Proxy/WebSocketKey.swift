// The two fields with which HTTP/1.1's WebSocket handshake shows that both sides mean WebSocket
// (RFC 6455 section 4.2.2). HTTP/2 has none (RFC 8441 section 5), so a proxy between the two asks
// and answers itself.
import Net
import PKI

enum WebSocketKey {
    /// What `sec-websocket-accept` has to say to `key`.
    static func accept(for key: ByteView) -> [UInt8] {
        Base64.encode(
            Digest.sha1.hash(key.array + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    /// 16 bytes nobody can have expected, as `sec-websocket-key` carries them.
    static func make(_ random: inout Random) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<2 {
            let word = random.next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return Base64.encode(bytes)
    }
}
