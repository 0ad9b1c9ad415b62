// How a message says where its body ends (RFC 9112 section 6.3).

@frozen
public enum BodyFraming: Equatable, Sendable {
    case none
    /// Content-Length: this many bytes, at least one.
    case length(Int)
    case chunked
    /// Until the connection closes; responses only.
    case untilClose
}
