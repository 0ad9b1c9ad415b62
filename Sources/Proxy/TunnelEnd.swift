// One end of a byte tunnel, whatever carries its bytes: it passes what it reads to its partner.
// A socket of its own (SocketEnd) or a stream of an HTTP/2 connection (StreamEnd, RFC 8441); the
// other end need not know which.
import Net

/// Abstract: every method is overridden.
class TunnelEnd: Pollable {
    let isDownstream: Bool
    final var tunnel: Tunnel?
    final weak var partner: TunnelEnd?
    /// The peer was told that nothing more will come.
    final var outputEnded = false
    /// Its partner has bytes in a pipe that the socket did not take.
    final var isAwaited = false

    init(isDownstream: Bool) {
        self.isDownstream = isDownstream
        super.init()
    }

    /// Bytes may come from here on.
    func watch() {}
    /// Whether its partner may go on reading.
    var takesMore: Bool { false }
    /// Its partner has room again.
    func advance() {}
    /// The socket that bytes may be spliced to as they are; -1 where they may not, because of TLS,
    /// frames, or bytes that have to go first.
    var spliceTarget: Int32 { -1 }
    /// The partner's socket, which took no more out of a pipe, takes bytes again.
    func partnerHasRoom() {}
    func write(_ bytes: ByteView) {}
    /// The partner's peer has finished sending: so do we, once everything is out.
    func endOutput() {}
    func close() {}
    /// Ends so that what was said cannot be taken for whole.
    func reset() {}
}
