// The timers of a connection to an endpoint, by the tags they fire with.

enum ConnectionTimer {
    /// It may have been without a request for too long.
    static let idle: UInt8 = 1
    /// It is old enough.
    static let duration: UInt8 = 2
    /// Answers that nobody wants should be over.
    static let discard: UInt8 = 5
    /// HTTP/2: time to ask whether the peer is there.
    static let ping: UInt8 = 3
    /// HTTP/2: the peer should have answered.
    static let pong: UInt8 = 4
}
