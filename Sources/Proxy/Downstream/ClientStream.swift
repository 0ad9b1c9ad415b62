// What an exchange answers to: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
// The exchange writes its head as field lines into the loop's outgoing buffer, whatever the
// protocol; a stream turns them into what its client speaks.
import HTTP
import Net
import TLS
import Telemetry

/// Abstract: every method is overridden.
class ClientStream: Pollable {
    let listener: Listener
    let peer: SocketAddress
    /// Who the client is, where it showed a certificate.
    final let identity: PeerIdentity?
    var exchange: Exchange?

    init(peer: SocketAddress, listener: Listener, identity: PeerIdentity? = nil) {
        self.peer = peer
        self.listener = listener
        self.identity = identity
        super.init()
    }

    final var worker: Worker { listener.worker }

    /// `https` as seen by the client.
    var isSecure: Bool { false }
    /// `HTTP/1.1` or `HTTP/2`, as access logs print it.
    var protocolName: StaticString { "HTTP/1.1" }
    /// The TLS server the connection belongs to; nil in the clear.
    var chain: ChainBinding? { nil }
    var localAddress: SocketAddress? { nil }
    /// Where the connection arrived: another address than `localAddress` where it was redirected.
    var arrivalAddress: SocketAddress? { nil }
    /// Where the client meant its connection to go, where it was redirected here.
    var originalDestination: SocketAddress? { nil }
    /// nil in the clear.
    var tls: TLSStream? { nil }
    /// SNI, where the client sent one.
    final var serverName: String? { tls?.serverName }

    /// 1xx: `lines` is in the loop's outgoing buffer behind what this wrote first.
    func beginInformational(status: UInt16, reason: ByteView) {}
    func endInformational() {}

    /// Writes what goes before the field lines.
    func beginHead(status: UInt16, reason: ByteView) {}
    /// Writes what goes behind them. `framing` is the body's as it comes from upstream.
    func endHead(status: UInt16, framing: BodyFraming, closes: Bool, upgrade: ByteView?) {}
    func sendBody(_ bytes: ByteView) {}
    /// Sends what has been gathered since the last call.
    func flushAnswer() {}
    /// The body is complete; trailers are the decoder's.
    func endBody(_ decoder: borrowing ChunkedDecoder) {}

    /// Bytes of answers the client has not taken yet.
    var unsentBytes: Int { 0 }
    var hasUnsentAboveHighWater: Bool { false }
    /// The socket that body bytes may be spliced to as they are; -1 where they may not, because of
    /// TLS, frames, or bytes that have to go first.
    var spliceTarget: Int32 { -1 }
    /// Body bytes went to `spliceTarget`.
    func spliced(_ count: Int) {}
    /// The socket took none of them: it is broken.
    func spliceFailed() {}
    /// Whether the request can carry on being read: the upstream has room again.
    func advance() {}
    /// The answer is handed over in full. `mustClose`: nothing can follow it.
    func answered(mustClose: Bool) {}
    /// Ends so that a body under way cannot be taken for complete.
    func abort() {}
    func close() {}
    /// Goes on as the end of a tunnel, with what was read and not used behind what `unread` holds;
    /// nil where that cannot be.
    func becomeTunnelEnd(unread: inout Buffer) -> TunnelEnd? { nil }
}
