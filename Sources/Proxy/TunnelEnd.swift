// One end of a byte tunnel, whatever carries its bytes: it passes what it reads to its partner.
// A socket of its own (SocketEnd) or a stream of an HTTP/2 connection (StreamEnd, RFC 8441); the
// other end need not know which.
import Net

/// Abstract: every method is overridden.
class TunnelEnd: Pollable {
    let isDownstream: Bool
    final var tunnel: Tunnel?
    final weak var partner: TunnelEnd?
    /// The peer is told that nothing more will come, as soon as everything is written.
    final var endsOutput = false
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
    /// Everything is written, and nothing more will come.
    func outputIsOut() {}

    /// Some of what was unsent went out.
    /// - Parameters:
    ///   - isAlive: false where the socket takes no more, ever.
    ///   - left: bytes that are still unsent.
    final func wentOut(_ isAlive: Bool, left: Int) {
        guard isAlive else {
            tunnel?.reset()
            return
        }
        guard let limits = tunnel?.worker.settings.limits else { return }
        if left == 0, endsOutput {
            outputIsOut()
        } else if left <= limits.lowWaterBytes {
            partner?.advance()
        }
    }

    func close() {}
    /// Ends so that what was said cannot be taken for whole.
    func reset() {}
}
