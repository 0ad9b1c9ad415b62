// How TLS that passes through is known when it comes round: by the client's own first bytes.
// Bytes carry no Via, and over a load balancer no address tells; but nobody's ClientHello is
// another's, as it has 32 random bytes (RFC 8446 section 4.1.2), and going round changes none.
import Mesh
import Net

extension Worker {
    /// The start of a record, of its message, and the random (RFC 8446 sections 4 and 5.1).
    private static let helloBytes = 64

    /// Marks a connection to a host that it names by the ClientHello it begins with, until
    /// `unmark`. Each worker knows its own: a loop ends when it comes to one for a second time.
    /// - Returns: nil where the same is under way already.
    func mark(_ hello: ByteView) -> UInt64? {
        let mark = XXHash64.hash(
            hello.prefix(min(hello.count, Self.helloBytes)).span, seed: hostSeed)
        return marks.insert(mark).inserted ? mark : nil
    }

    func unmark(_ mark: UInt64) { marks.remove(mark) }
}
