// A client's HTTP/2 connection: its socket, its session, and the moment when output is written.
// Requests are streams; each is an exchange of its own, as if it had come on a connection of its
// own.
import HTTP
import Net
import TLS
import Telemetry

final class H2Connection: Pollable, PeerHolder {
    let listener: Listener
    let peer: SocketAddress
    private var socket: StreamSocket
    private var session: ServerSession?
    private var canRead = false
    private var peerClosed = false
    private var isAdvancing = false
    private var isFlushDue = false
    private var writeFailed = false
    private var isDraining = false
    private var isClosed = false
    private var timer = TimerID.none
    private var headTimer = TimerID.none
    private var leaveTimer = TimerID.none
    /// The field block that `headTimer` waits for.
    private var awaitedHead: UInt64 = 0
    private var lastMovedMs: UInt64 = 0
    /// Of the client's identity, where it has one.
    private var seat: PeerSeat?
    /// Frames gathered for one write.
    private static let writeBytes = 128 * 1024

    var worker: Worker { listener.worker }
    private var loop: Loop { listener.worker.loop }

    let chain: ChainBinding?

    init(
        _ socket: consuming StreamSocket, peer: SocketAddress, listener: Listener,
        chain: ChainBinding?
    ) {
        self.socket = socket
        self.chain = chain
        self.peer = peer
        self.listener = listener
        super.init()
        session = ServerSession(connection: self)
    }

    var isSecure: Bool { socket.tls != nil }
    var localAddress: SocketAddress? {
        socket.isOpen ? listener.calledAddress(of: socket.descriptor) : nil
    }

    var arrivalAddress: SocketAddress? {
        socket.isOpen ? Socket.localAddress(socket.descriptor) : nil
    }

    var originalDestination: SocketAddress? {
        socket.isOpen ? Socket.originalDestination(socket.descriptor) : nil
    }
    var tls: TLSStream? { socket.tls }
    var identity: PeerIdentity? { socket.identity }

    /// `early`: plain bytes that came before this object did. `isNew`: not counted yet.
    func start(early: ByteView, isNew: Bool) {
        let stats = listener.httpStats
        if isNew { stats.add(.downstreamCxTotal) }
        stats.add(.downstreamCxHTTP2Total)
        stats.add(.downstreamCxActive)
        stats.add(.downstreamCxHTTP2Active)
        lastMovedMs = loop.nowMs
        do throws(NetError) {
            try loop.add(self, descriptor: socket.descriptor, for: .stream)
        } catch {
            close()
            return
        }
        timer = loop.timers.schedule(
            afterMs: worker.settings.limits.requestBodyIdleMs, target: self, tag: Tag.idle)
        received(early)
        seat = socket.identity?.seat(self)
    }

    // MARK: - Events

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            close()
            return
        }
        if readiness.contains(.writable), socket.unsentBytes > 0 {
            guard socket.flush(loop) else {
                close()
                return
            }
            lastMovedMs = loop.nowMs
            flushSoon()
        }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) {
            if !readiness.isDisjoint(with: [.peerClosed, .hangup]) { peerClosed = true }
            canRead = true
            advance()
        }
    }

    override func resumed() {
        advance()
    }

    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        var readBytes = 0
        while !isClosed, canRead {
            // A client that takes no frames gets none of its own read: answers would pile up.
            guard socket.unsentBytes < worker.settings.limits.highWaterBytes else { return }
            if readBytes >= Loop.readBytesMax {
                loop.again(self)
                return
            }
            var count = 0
            let reading = socket.read(loop, counting: &count)
            readBytes += count
            listener.httpStats.add(.downstreamCxRxBytesTotal, UInt64(count))
            switch reading {
            case .bytes(let more):
                if !more, !peerClosed { canRead = false }
                // Frames of several streams: what one of them brings about may read elsewhere.
                let frames = loop.takeScratch()
                received(frames.readable)
                loop.giveScratch(frames)
            case .wouldBlock: canRead = false
            case .end, .cut, .failed:
                close()
                return
            }
        }
    }

    private func received(_ bytes: ByteView) {
        guard bytes.count > 0, let session else { return }
        lastMovedMs = loop.nowMs
        if !session.receive(bytes) {
            listener.httpStats.add(.downstreamCxProtocolError)
            canRead = false
        }
        watchHead(session)
        flushSoon()
    }

    /// Frames leave at the end of the round: what several streams have to send goes in one write.
    func flushSoon() {
        guard !isFlushDue, !isClosed else { return }
        isFlushDue = true
        loop.atEndOfThisRound(self)
    }

    override func roundEnded() {
        isFlushDue = false
        guard !isClosed, let session else { return }
        while socket.unsentBytes < worker.settings.limits.highWaterBytes {
            loop.frames.removeAll()
            session.takeOutput(into: &loop.frames, limit: Self.writeBytes)
            guard !loop.frames.isEmpty else { break }
            listener.httpStats.add(.downstreamCxTxBytesTotal, UInt64(loop.frames.count))
            lastMovedMs = loop.nowMs
            guard socket.write(loop.frames.readable, loop) else {
                close()
                return
            }
        }
        loop.frames.removeAll()
        if !session.isAlive, socket.unsentBytes == 0 {
            close()
        } else if canRead {
            advance()
        }
    }

    /// A stream is over: most requests then need no memory of their own.
    func keep(_ stream: H2ServerStream) {
        session?.spare.append(stream)
    }

    /// Refuses new streams; those under way finish.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        session?.takeLeave()
        leaveTimer = loop.timers.schedule(
            afterMs: Self.leaveMs, target: self, tag: Tag.leave)
    }

    /// For a client that does not say that it has heard.
    private static let leaveMs: UInt64 = 1000

    /// `atOnce`: streams under way end as well.
    func dismiss(atOnce: Bool) {
        guard !isClosed else { return }
        guard atOnce, let session else {
            // Who is not wanted any more gets no time to hear of it.
            isDraining = true
            self.session?.goAway()
            return
        }
        session.terminate(code: 0)
        roundEnded()
        close()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        for timer in [timer, headTimer, leaveTimer] { loop.timers.cancel(timer) }
        socket.sayGoodbye(loop)
        socket.close(loop)
        listener.connectionClosed()
        let stats = listener.httpStats
        stats.subtract(.downstreamCxActive)
        stats.subtract(.downstreamCxHTTP2Active)
        stats.add(.downstreamCxDestroy)
        let session = session
        self.session = nil
        session?.connectionLost()
    }

    // MARK: - Time

    private enum Tag {
        static let idle: UInt8 = 0, head: UInt8 = 1, leave: UInt8 = 2
    }

    override func timerFired(tag: UInt8) {
        guard !isClosed, let session else { return }
        switch tag {
        case Tag.head: headTookTooLong(session)
        case Tag.leave: session.goAway()
        default: lookForIdle(session)
        }
    }

    /// A field block that stays open holds up all other streams, so it has as long as a head of
    /// HTTP/1.1. Most come whole, and set no timer.
    private func watchHead(_ session: ServerSession) {
        let awaited = session.openHead == nil ? 0 : session.headsBegun
        guard awaited != awaitedHead else { return }
        awaitedHead = awaited
        loop.timers.cancel(headTimer)
        guard awaited > 0 else { return }
        headTimer = loop.timers.schedule(
            afterMs: worker.settings.limits.requestHeadMs, target: self, tag: Tag.head)
    }

    /// What comes next would still belong to the head: the connection cannot go on.
    private func headTookTooLong(_ session: ServerSession) {
        (session.openHead as? H2ServerStream)?.timedOut(.requestHeaderTimeout)
        roundEnded()
        session.terminate(code: 0)
        roundEnded()
        close()
    }

    /// Ends streams whose request does not go on. Returns in how many milliseconds the next one may
    /// be due.
    private func endStalledStreams(_ session: ServerSession, limitMs: UInt64) -> UInt64 {
        var nextMs = limitMs
        var stalled: [H2ServerStream] = []
        session.forEachStream { stream in
            guard let stream = stream as? H2ServerStream, stream.waitsForRequest else { return }
            let idle = loop.nowMs &- stream.movedMs
            if idle >= limitMs {
                stalled.append(stream)
            } else {
                nextMs = min(nextMs, limitMs - idle)
            }
        }
        for stream in stalled { stream.timedOut(.streamIdleTimeout) }
        return nextMs
    }

    /// Nothing moved for long: an idle connection ends politely, a stalled one at once.
    private func lookForIdle(_ session: ServerSession) {
        let limits = worker.settings.limits
        let limit = session.openStreams == 0 ? limits.clientIdleMs : limits.requestBodyIdleMs
        let idle = loop.nowMs &- lastMovedMs
        if idle >= limit, session.openStreams == 0 || session.hasUnsentData {
            listener.httpStats.add(.downstreamCxIdleTimeout)
            session.terminate(code: 0)
            roundEnded()
            close()
            return
        }
        if session.openStreams == 0 { session.spare.removeAll() }
        let nextMs = endStalledStreams(session, limitMs: limits.requestBodyIdleMs)
        timer = loop.timers.schedule(
            afterMs: min(nextMs, limits.clientIdleMs), target: self, tag: Tag.idle)
    }
}

/// Makes a stream object for every request, and tells its connection when there is output.
private final class ServerSession: H2Session {
    private unowned let connection: H2Connection
    /// Of its own: the clock is read several times for each request.
    private let loop: Loop
    /// Streams that are over, for those to come; none is kept once the connection idles.
    var spare: ContiguousArray<H2ServerStream> = []

    init(connection: H2Connection) {
        self.connection = connection
        loop = connection.worker.loop
        super.init(role: .server, limits: connection.worker.settings.limits.http2)
    }

    override func makeStream(id: Int32) -> H2Stream {
        while var old = spare.popLast() {
            if isKnownUniquelyReferenced(&old), old.serveAgain(id: id) { return old }
        }
        return H2ServerStream(id: id, session: self, connection: connection)
    }

    override func wantsFlush() {
        connection.flushSoon()
    }

    override var nowMs: UInt64 { loop.nowMs }
}
