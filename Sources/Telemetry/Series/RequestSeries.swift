// Istio's four request metrics for one set of labels.
// The data plane looks a series up once and keeps it: recording a request is then three histogram
// additions, whatever the number of labels.

/// `istio_requests_total`, `istio_request_duration_milliseconds`, `istio_request_bytes` and
/// `istio_response_bytes`; owned by one loop's thread.
public final class RequestSeries {
    @usableFromInline var current = RequestValues()

    init() {}

    /// - Parameters:
    ///   - durationMs: milliseconds from the first byte of the request to the last of the response.
    ///   - requestBytes: body bytes received from the client.
    ///   - responseBytes: body bytes sent to the client.
    @inlinable
    public func record(durationMs: UInt64, requestBytes: UInt64, responseBytes: UInt64) {
        current.durationMs.record(durationMs)
        current.requestBytes.record(requestBytes)
        current.responseBytes.record(responseBytes)
    }

    public var values: RequestValues { current }
}

/// A copy of a request series. The number of requests is the number of durations recorded.
public struct RequestValues: Sendable {
    public var durationMs = Histogram()
    public var requestBytes = Histogram()
    public var responseBytes = Histogram()

    public init() {}

    mutating func merge(_ other: RequestValues) {
        durationMs.merge(other.durationMs)
        requestBytes.merge(other.requestBytes)
        responseBytes.merge(other.responseBytes)
    }
}
