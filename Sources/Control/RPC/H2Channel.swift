// HTTP/2 over a secure channel: received bytes go to the session, and what all its streams have to
// send leaves in one write at the end of the round.
internal import HTTP
internal import Net
internal import TLS

/// Subclassed by both sides of the certificate service.
class H2Channel: SecureChannel {
    private(set) var session: H2Session?
    private var isFlushDue = false
    /// Milliseconds of the loop's clock when bytes moved last.
    private(set) var lastMovedMs: UInt64 = 0
    private static let writeBytes = 64 * 1024

    /// A request begins (server).
    func makeStream(id: Int32, in session: H2Session) -> H2Stream {
        H2Stream(id: id, session: session)
    }

    /// The peer broke the protocol, or flooded.
    func violated(isFlood: Bool) {}

    /// The connection speaks HTTP/2 from here on.
    func begin(_ role: H2Session.Role, limits: H2Limits) {
        lastMovedMs = loop.nowMs
        session = ChannelSession(channel: self, role: role, limits: limits)
        flushSoon()
    }

    override func received(_ bytes: ByteView) {
        guard let session else { return }
        lastMovedMs = loop.nowMs
        if !session.receive(bytes) { violated(isFlood: session.floodDetected) }
        flushSoon()
    }

    override func flushed() {
        lastMovedMs = loop.nowMs
        if session?.wantsToSend == true { flushSoon() }
    }

    func flushSoon() {
        guard !isFlushDue, !isOver else { return }
        isFlushDue = true
        loop.atEndOfThisRound(self)
    }

    override func roundEnded() {
        isFlushDue = false
        guard !isOver, let session else { return }
        var frames = loop.buffers.take()
        while !isOver, unsentBytes < Self.writeBytes {
            frames.removeAll()
            session.takeOutput(into: &frames, limit: Self.writeBytes)
            guard !frames.isEmpty else { break }
            send(frames.readable)
        }
        loop.buffers.give(frames)
        if !isOver, !session.isAlive, unsentBytes == 0 { close() }
    }

    override func close() {
        guard !isOver else { return }
        super.close()
        loseSession()
    }

    override func ended(_ end: SecureChannel.End) {
        loseSession()
    }

    /// Every stream is told; the session itself goes once nobody up the call chain is in it.
    private func loseSession() {
        let lost = session
        session = nil
        lost?.connectionLost()
    }
}

private final class ChannelSession: H2Session {
    private unowned let channel: H2Channel

    init(channel: H2Channel, role: Role, limits: H2Limits) {
        self.channel = channel
        super.init(role: role, limits: limits)
    }

    override func makeStream(id: Int32) -> H2Stream { channel.makeStream(id: id, in: self) }

    override func wantsFlush() { channel.flushSoon() }

    override var nowMs: UInt64 { channel.loop.nowMs }
}
