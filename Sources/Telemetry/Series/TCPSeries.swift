// Istio's four TCP metrics for one set of labels.
// They are apart from the request metrics because they count while a connection lives: a tunnel
// that stays open for a week is seen at once.

/// `istio_tcp_connections_opened_total`, `..._closed_total`, `istio_tcp_sent_bytes_total` and
/// `istio_tcp_received_bytes_total`; owned by one loop's thread.
public final class TCPSeries {
    @usableFromInline var current = TCPValues()

    init() {}

    @inlinable public func recordOpened() { current.opened &+= 1 }
    @inlinable public func recordClosed() { current.closed &+= 1 }
    /// Bytes sent back to the client.
    @inlinable public func recordSent(bytes: UInt64) { current.sentBytes &+= bytes }
    /// Bytes received from the client.
    @inlinable public func recordReceived(bytes: UInt64) { current.receivedBytes &+= bytes }

    public var values: TCPValues { current }
}

/// A copy of a TCP series.
public struct TCPValues: Sendable {
    public var opened: UInt64 = 0
    public var closed: UInt64 = 0
    public var sentBytes: UInt64 = 0
    public var receivedBytes: UInt64 = 0

    public init() {}

    mutating func merge(_ other: TCPValues) {
        opened &+= other.opened
        closed &+= other.closed
        sentBytes &+= other.sentBytes
        receivedBytes &+= other.receivedBytes
    }
}
