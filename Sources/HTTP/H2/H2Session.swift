// One HTTP/2 connection (RFC 9113) without its socket: bytes in, events to its streams, bytes out.
// The protocol is nghttp2's; this is the seam that keeps C pointers, callbacks and callback order
// away from everything else.
internal import CNGHTTP2
public import Net

@safe
open class H2Session {
    public enum Role: Sendable { case server, client }

    public let role: Role
    public let limits: H2Limits
    private var session: OpaquePointer?
    /// Streams under way, in no order; each knows its place.
    private var streams: ContiguousArray<H2Stream> = []
    /// The stream the last callback spoke of: the fields of a head come one behind the other.
    private var recent: H2Stream?
    /// The head being sent.
    private let fields = FieldArray()
    private var statusDigits = Buffer()
    /// Streams that came below their low-water mark while output was taken.
    private var roomy: [H2Stream] = []
    /// Frames that carried nothing, less what useful ones and time account for.
    private var idleFrames = 0
    private var idleFramesForgivenMs: UInt64 = 0
    /// WINDOW_UPDATE frames that DATA frames sent so far account for.
    private var windowUpdatesLeft = 0
    /// The peer sent GOAWAY: it takes no new streams.
    public private(set) var peerIsGoingAway = false
    public private(set) var floodDetected = false
    private var pingsOutstanding = 0
    /// How far it has come with taking its leave.
    private var leave = Leave.none
    private enum Leave {
        case none
        /// The PING has to wait for the notice.
        case noticeDue
        /// The PING is on its way: when it comes back, the last stream's number follows.
        case noticeOut
    }
    /// Streams whose answers are complete before their requests.
    private var toldToStop: [H2Stream] = []
    /// The stream whose field block has begun and not ended; nothing else may come in between.
    public private(set) var openHead: H2Stream?
    /// Field blocks begun so far: tells one `openHead` from the next.
    public private(set) var headsBegun: UInt64 = 0
    /// Told apart from an orderly end: the peer broke the protocol.
    public private(set) var protocolErrors = 0

    public init(role: Role, limits: H2Limits) {
        self.role = role
        self.limits = limits
        unsafe session = nil
        makeSession()
    }

    deinit {
        unsafe nghttp2_session_del(session)
    }

    // MARK: - For subclasses

    /// A request begins (server); returns the object that will be told of it.
    open func makeStream(id: Int32) -> H2Stream { H2Stream(id: id, session: self) }
    /// Output may be waiting: call `takeOutput` soon.
    open func wantsFlush() {}
    /// The peer has answered `ping`.
    open func pingAnswered() {}
    /// The loop's clock; a session that has none knows no time.
    open var nowMs: UInt64 { 0 }

    // MARK: - Bytes

    /// Hands received bytes to the protocol; false when the connection is beyond saving. There may
    /// still be a GOAWAY to send.
    public func receive(_ bytes: ByteView) -> Bool {
        forgiveIdleFrames()
        let count = unsafe nghttp2_session_mem_recv(
            session, bytes.start.assumingMemoryBound(to: UInt8.self), bytes.count)
        if count < 0 {
            protocolErrors += 1
            if count == Int(NGHTTP2_ERR_FLOODED.rawValue) { floodDetected = true }
            let code =
                floodDetected
                ? NGHTTP2_ENHANCE_YOUR_CALM.rawValue : NGHTTP2_PROTOCOL_ERROR.rawValue
            unsafe nghttp2_session_terminate_session(session, code)
            return false
        }
        return true
    }

    /// Appends frames to `out` until there are none or `out` holds `limit` bytes.
    public func takeOutput(into out: inout Buffer, limit: Int) {
        while out.count < limit {
            var start: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &start)
            guard count > 0, let start = unsafe start else {
                if followUp() { continue }
                break
            }
            unsafe out.append(ByteView(start: UnsafeRawPointer(start), count: count))
        }
        // Told only now: inside the calls above nobody may ask for more output.
        guard !roomy.isEmpty else { return }
        let told = roomy
        roomy.removeAll()
        for stream in told where !stream.isClosed { stream.takesMore() }
    }

    /// Submits what may only go out behind everything before it: nghttp2 drops what waits of a
    /// stream once its reset is submitted, and lets a PING overtake a GOAWAY. False where there is
    /// no such thing.
    private func followUp() -> Bool {
        guard !toldToStop.isEmpty || leave == .noticeDue else { return false }
        for stream in toldToStop where !stream.isClosed {
            guard unsafe nghttp2_session_get_stream_remote_close(session, stream.id) == 0 else {
                continue
            }
            reset(stream, code: NGHTTP2_NO_ERROR.rawValue)
        }
        toldToStop.removeAll()
        if leave == .noticeDue {
            leave = .noticeOut
            ping()
        }
        return true
    }

    func noteRoom(_ stream: H2Stream) {
        roomy.append(stream)
    }

    public var wantsToSend: Bool { unsafe nghttp2_session_want_write(session) != 0 }
    /// False once both sides are done: the connection can be closed.
    public var isAlive: Bool {
        unsafe nghttp2_session_want_read(session) != 0 || wantsToSend
    }
    public var openStreams: Int { streams.count }
    /// Those that are under way now: `body` may end some of them.
    public func forEachStream(_ body: (H2Stream) -> Void) {
        for stream in streams where !stream.isClosed { body(stream) }
    }
    /// Whether body bytes wait for the peer's windows.
    public var hasUnsentData: Bool { streams.contains { $0.unsentBytes > 0 } }

    /// Whether the peer takes extended CONNECT (RFC 8441 section 3); false until it has said so.
    public var peerTakesExtendedConnect: Bool {
        unsafe nghttp2_session_get_remote_settings(
            session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1
    }

    /// How many more streams the peer lets us open now (client).
    public var streamsAvailable: Int {
        // A session that is about to end would take a request and never send it.
        guard unsafe nghttp2_session_check_request_allowed(session) == 1 else { return 0 }
        let max = unsafe nghttp2_session_get_remote_settings(
            session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        return Int(min(max, limits.concurrentStreamsMax)) - streams.count
    }

    // MARK: - Heads

    /// Sends a head. `lines` is `name: value` CRLF lines; names are made lower case here, fields
    /// that HTTP/2 forbids are the caller's to leave out. `ends`: no body follows.
    public func submitResponse(
        _ stream: H2Stream, status: UInt16, lines: inout Buffer, ends: Bool
    ) {
        guard !stream.isClosed else { return }
        statusDigits.removeAll()
        statusDigits.append(decimal: UInt64(status))
        fields.removeAll()
        fields.append(":status", statusDigits.readable)
        fields.append(lines: &lines)
        let isInformational = status < 200
        if isInformational {
            _ = unsafe fields.withPointer {
                unsafe nghttp2_submit_headers(
                    session, 0, stream.id, nil, $0, $1, nil)
            }
        } else {
            stream.headSent = true
            stream.movedMs = nowMs
            if ends {
                stream.outputEnded = true
                stream.outputIsOut = true
            }
            _ = unsafe fields.withPointer { pointer, count in
                unsafe withProvider(unless: ends) {
                    unsafe nghttp2_submit_response(session, stream.id, pointer, count, $0)
                }
            }
        }
        // The fields point into `lines`: they are turned into bytes before it changes.
        wantsFlush()
    }

    /// Opens a stream with a request head. Returns nil when the peer takes no more streams.
    /// - Parameter extendedProtocol: `:protocol` of an extended CONNECT (RFC 8441 section 4).
    public func submitRequest<Stream: H2Stream>(
        method: ByteView, scheme: ByteView, authority: ByteView, path: ByteView,
        extendedProtocol: ByteView = .empty, lines: inout Buffer, ends: Bool,
        make: (Int32) -> Stream
    ) -> Stream? {
        fields.removeAll()
        fields.append(":method", method)
        if extendedProtocol.count > 0 { fields.append(":protocol", extendedProtocol) }
        fields.append(":scheme", scheme)
        fields.append(":authority", authority)
        fields.append(":path", path)
        fields.append(lines: &lines)
        let id = unsafe fields.withPointer { pointer, count in
            unsafe withProvider(unless: ends) {
                unsafe nghttp2_submit_request(session, nil, pointer, count, $0, nil)
            }
        }
        guard id > 0 else { return nil }
        let stream = make(id)
        stream.headSent = true
        stream.outputEnded = ends
        adopt(stream)
        wantsFlush()
        return stream
    }

    // MARK: - Bodies

    /// Queues body bytes.
    public func send(_ bytes: ByteView, on stream: H2Stream) {
        guard !stream.isClosed, bytes.count > 0 else { return }
        stream.outgoing.append(bytes)
        resume(stream)
    }

    /// The body is complete. `trailerLines` as in `submitResponse`, empty for none.
    public func end(_ stream: H2Stream, trailerLines: ByteView = .empty) {
        guard !stream.isClosed, !stream.outputEnded else { return }
        stream.outputEnded = true
        stream.trailers.append(trailerLines)
        resume(stream)
    }

    private func resume(_ stream: H2Stream) {
        if stream.isDeferred {
            stream.isDeferred = false
            _ = unsafe nghttp2_session_resume_data(session, stream.id)
        }
        wantsFlush()
    }

    /// The bytes have been passed on: the peer may send as many more.
    public func consume(_ count: Int, of stream: H2Stream) {
        guard count > 0 else { return }
        stream.unconsumedBytes -= count
        if stream.isClosed {
            _ = unsafe nghttp2_session_consume_connection(session, count)
        } else {
            _ = unsafe nghttp2_session_consume(session, stream.id, count)
        }
        wantsFlush()
    }

    // MARK: - Ends

    /// Nobody reads the rest of the request: once its answer is out, the client is told to stop
    /// sending (RFC 9113 section 8.1: RST_STREAM with NO_ERROR behind a complete response).
    public func refuseRest(of stream: H2Stream) {
        guard !stream.isClosed, !stream.refusesRest else { return }
        stream.refusesRest = true
        if stream.outputIsOut { toldToStop.append(stream) }
        wantsFlush()
    }

    func noteOutputIsOut(_ stream: H2Stream) {
        stream.outputIsOut = true
        if stream.refusesRest { toldToStop.append(stream) }
    }

    public func reset(_ stream: H2Stream, code: UInt32) {
        guard !stream.isClosed else { return }
        _ = unsafe nghttp2_submit_rst_stream(session, 0, stream.id, code)
        wantsFlush()
    }

    /// Tells the client to open no more streams. Those that it opened before it could know are
    /// served: the last one's number, beyond which all are refused, is not told before a PING
    /// behind the notice has come back (RFC 9113 section 6.8), or whoever waits calls `goAway`.
    public func takeLeave() {
        guard leave == .none else { return }
        leave = .noticeDue
        _ = unsafe nghttp2_submit_shutdown_notice(session)
        wantsFlush()
    }

    /// Refuses new streams and lets those under way finish.
    public func goAway() {
        leave = .none
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        _ = unsafe nghttp2_submit_goaway(session, 0, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
        wantsFlush()
    }

    /// Asks whether the peer is there (RFC 9113 section 6.7).
    public func ping() {
        pingsOutstanding += 1
        _ = unsafe nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        wantsFlush()
    }

    public func terminate(code: UInt32) {
        _ = unsafe nghttp2_session_terminate_session(session, code)
        wantsFlush()
    }

    /// The connection is gone: every stream ends.
    public func connectionLost() {
        let all = streams
        streams = []
        recent = nil
        openHead = nil
        toldToStop = []
        // This may be inside of a callback: nghttp2 goes on with streams that nobody holds now.
        for stream in all {
            _ = unsafe nghttp2_session_set_stream_user_data(session, stream.id, nil)
        }
        for stream in all where !stream.isClosed {
            stream.isClosed = true
            stream.closed(code: NGHTTP2_CANCEL.rawValue)
        }
    }

    // MARK: - From the callbacks

    func adopt(_ stream: H2Stream) {
        stream.place = streams.count
        stream.movedMs = nowMs
        streams.append(stream)
        _ = unsafe nghttp2_session_set_stream_user_data(
            session, stream.id, Unmanaged.passUnretained(stream).toOpaque())
    }

    func forget(_ stream: H2Stream) {
        if recent === stream { recent = nil }
        if openHead === stream { openHead = nil }
        // `connectionLost` may have emptied the list.
        guard streams.indices.contains(stream.place), streams[stream.place] === stream else {
            return
        }
        let last = streams.removeLast()
        guard last !== stream else { return }
        streams[stream.place] = last
        last.place = stream.place
    }

    /// The stream of that number, if it is under way.
    func stream(_ id: Int32) -> H2Stream? {
        if let recent, recent.id == id { return recent }
        guard let data = unsafe nghttp2_session_get_stream_user_data(session, id) else {
            return nil
        }
        let stream = unsafe Unmanaged<H2Stream>.fromOpaque(data).takeUnretainedValue()
        recent = stream
        return stream
    }

    func notePeerGoingAway() { peerIsGoingAway = true }

    func headBegan(_ stream: H2Stream) {
        openHead = stream
        headsBegun += 1
    }

    func headEnded() { openHead = nil }

    /// A frame that asks for nothing. Many of them with little else is a flood: the connection ends
    /// with ENHANCE_YOUR_CALM (RFC 9113 section 10.5).
    func noteIdleFrame() {
        idleFrames += 1
        if idleFrames > limits.idleFramesMax, !floodDetected {
            floodDetected = true
            unsafe nghttp2_session_terminate_session(
                session, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
        }
    }

    /// An answer that nobody asked for is as idle as a question.
    func notePingAnswer() {
        guard pingsOutstanding > 0 else {
            noteIdleFrame()
            return
        }
        pingsOutstanding -= 1
        if leave == .noticeOut { goAway() }
        pingAnswered()
    }

    /// Keepalives on a connection that waits are no flood, however long it waits.
    private func forgiveIdleFrames() {
        let seconds = (nowMs &- idleFramesForgivenMs) / 1000
        guard seconds > 0 else { return }
        idleFramesForgivenMs = nowMs
        let forgiven = Int(min(seconds, 86_400)) * limits.idleFramesPerSecond
        idleFrames = max(0, idleFrames - forgiven)
    }

    func noteUsefulFrame() { idleFrames = max(0, idleFrames - 4) }

    /// A long body that we send is answered by many of these: they are counted against the DATA
    /// frames it took, as Envoy does.
    func noteWindowUpdate() {
        windowUpdatesLeft -= 1
        if windowUpdatesLeft < 0 { noteIdleFrame() }
    }

    /// A peer that measures how fast data comes to it sends a PING now and then, at most one a
    /// frame (gRPC's estimate of bandwidth times delay).
    func noteDataSent(on stream: H2Stream) {
        stream.movedMs = nowMs
        if idleFrames > 0 { idleFrames -= 1 }
        windowUpdatesLeft = max(0, windowUpdatesLeft) + H2Limits.windowUpdatesPerDataFrame
    }

    /// nghttp2 gets a source of body bytes, or none where there is no body.
    private func withProvider(
        unless isEmpty: Bool, _ body: (UnsafePointer<nghttp2_data_provider>?) -> Int32
    ) -> Int32 {
        if isEmpty { return body(nil) }
        var provider = unsafe nghttp2_data_provider()
        unsafe provider.read_callback = H2Callbacks.readBody
        return unsafe body(&provider)
    }

    private func makeSession() {
        var option: OpaquePointer?
        unsafe nghttp2_option_new(&option)
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_peer_max_concurrent_streams(option, 100)
        unsafe nghttp2_option_set_max_continuations(option, limits.continuationsMax)
        unsafe nghttp2_option_set_stream_reset_rate_limit(
            option, limits.resetBurst, limits.resetsPerSecond)
        unsafe nghttp2_option_set_max_send_header_block_length(option, 256 * 1024)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        if role == .server {
            unsafe nghttp2_session_server_new2(
                &session, H2Callbacks.table.pointer, context, option)
        } else {
            unsafe nghttp2_session_client_new2(
                &session, H2Callbacks.table.pointer, context, option)
        }
        unsafe nghttp2_option_del(option)
        var entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: limits.concurrentStreamsMax),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(limits.streamWindowBytes)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(limits.fieldBlockBytesMax)),
        ]
        if role == .server {
            // WebSocket on a stream (RFC 8441 section 3).
            entries.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL.rawValue),
                    value: 1))
        } else {
            entries.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        }
        _ = unsafe nghttp2_submit_settings(session, 0, entries, entries.count)
        _ = unsafe nghttp2_session_set_local_window_size(
            session, 0, 0, limits.connectionWindowBytes)
    }
}
