// One stream of an HTTP/2 connection: what arrived is told to a subclass, what is to be sent waits
// here until flow control takes it.
public import Net

/// Subclassed by whoever serves or sends requests; belongs to its session's thread. What is added
/// here has to be set back in `renew` as well.
open class H2Stream {
    public private(set) final var id: Int32
    public final unowned let session: H2Session
    /// Where the session keeps it.
    final var place = -1
    /// Body bytes that flow control has not taken yet.
    final var outgoing = Buffer()
    /// The last byte of the body is in `outgoing`.
    final var outputEnded = false
    /// Trailer field lines to send behind the body.
    final var trailers = Buffer()
    /// nghttp2 was told that there is nothing to send for now.
    final var isDeferred = false
    final var headSent = false
    final var isClosed = false
    /// Size of the field block being received, counted as RFC 9113 section 6.5.2 does.
    final var fieldBlockBytes = 0
    final var fieldCount = 0
    final var isTrailerBlock = false
    /// The field block being received is beyond the limits; the rest of it is read over.
    final var isTooLarge = false
    /// The last byte of the body has gone out or is about to; trailers are behind it.
    final var outputIsOut = false
    /// See `H2Session.refuseRest`.
    final var refusesRest = false
    /// When something of it came or went last, by the session's clock.
    public final var movedMs: UInt64 = 0
    /// RST_STREAM has come for it.
    public final var wasResetByPeer = false
    /// Its head never left: the connection takes no more streams.
    public final var wasNeverSent = false
    /// A client's stream has its final response head: the next block is trailers.
    public final var gotFinalHead = false
    /// Body bytes received and not consumed yet: they hold the peer's window down.
    public final var unconsumedBytes = 0

    public init(id: Int32, session: H2Session) {
        self.id = id
        self.session = session
    }

    /// Makes a stream that is over, and that nobody holds any more, ready to be the session's next:
    /// what it has allocated serves again.
    public final func renew(id: Int32) {
        self.id = id
        place = -1
        outgoing.empty(keeping: Self.keptBytes)
        trailers.empty(keeping: Self.keptBytes)
        outputEnded = false
        isDeferred = false
        headSent = false
        isClosed = false
        fieldBlockBytes = 0
        fieldCount = 0
        isTrailerBlock = false
        isTooLarge = false
        outputIsOut = false
        refusesRest = false
        movedMs = 0
        wasResetByPeer = false
        wasNeverSent = false
        gotFinalHead = false
        unconsumedBytes = 0
    }

    /// Of a buffer, from one life to the next.
    private static let keptBytes = 1024

    /// Body bytes waiting for the peer's window.
    public final var unsentBytes: Int { outgoing.count }

    // MARK: - What arrives

    /// One field of a head, pseudo fields first; names are lower case. Returns false to refuse.
    open func received(name: ByteView, value: ByteView) -> Bool { true }
    /// The field block is complete. `ends`: no body follows.
    open func receivedHead(ends: Bool) {}
    open func received(body: ByteView) {}
    /// One field of the trailers.
    open func receivedTrailer(name: ByteView, value: ByteView) {}
    /// END_STREAM behind a body or trailers.
    open func receivedEnd() {}
    /// The stream is over, orderly (code 0) or not; nothing is called after this.
    open func closed(code: UInt32) {}
    /// The field block was larger than the limits allow.
    open func headTooLarge() {}
    /// `unsentBytes` has come down to the low-water mark.
    open func takesMore() {}
}
