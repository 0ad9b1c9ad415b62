// What an HTTP/2 connection puts up with; shown by `isthmus version --limits`.

public struct H2Limits: Sendable {
    /// SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 section 5.1.2); Envoy's safe default.
    public var concurrentStreamsMax: UInt32 = 100
    /// SETTINGS_INITIAL_WINDOW_SIZE: body bytes a stream may be ahead of its reader.
    public var streamWindowBytes: Int32 = 256 * 1024
    /// Body bytes all streams of a connection together may be ahead.
    public var connectionWindowBytes: Int32 = 1024 * 1024
    /// Names, values and 32 bytes each (RFC 9113 section 6.5.2) of one field block.
    public var fieldBlockBytesMax = 60 * 1024
    public var fieldsMax = 100
    /// CONTINUATION frames behind one HEADERS frame.
    public var continuationsMax = 8
    /// RST_STREAM frames a client may send at once, and regain each second (rapid reset).
    public var resetBurst: UInt64 = 1000
    public var resetsPerSecond: UInt64 = 33
    /// Frames that carry nothing (empty DATA, PING, SETTINGS, PRIORITY, WINDOW_UPDATE) beyond what
    /// the requests served meanwhile account for.
    public var idleFramesMax = 2000
    /// Of those, taken back each second: keepalives of a connection that lasts.
    public var idleFramesPerSecond = 10
    /// WINDOW_UPDATE frames that one DATA frame of ours accounts for; further ones are idle frames.
    static let windowUpdatesPerDataFrame = 10
    /// Unsent bytes of one stream above which its source is no longer read, and the mark below.
    public var highWaterBytes = 64 * 1024
    public var lowWaterBytes = 16 * 1024

    public init() {}
}
