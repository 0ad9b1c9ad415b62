// A finished exchange for access-log tests: what it does not know is absent.
@testable import Telemetry

struct ExchangeRecord: AccessLogSource {
    var startTime: (seconds: Int64, nanoseconds: UInt32) = (1_688_551_200, 123_456_789)
    var responseFlags = ResponseFlags()
    var numbers: [AccessLogNumber: UInt64] = [:]
    var texts: [AccessLogText: String] = [:]
    /// Bytes, because clients send what they like.
    var requestHeaders: [String: [UInt8]] = [:]
    var responseHeaders: [String: String] = [:]
    var responseTrailers: [String: String] = [:]

    func number(_ field: AccessLogNumber) -> UInt64? { numbers[field] }

    func append(_ field: AccessLogText, to line: inout [UInt8]) -> Bool {
        append(texts[field].map { Array($0.utf8) }, to: &line)
    }
    func appendRequestHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool {
        append(requestHeaders[String(decoding: name, as: UTF8.self)], to: &line)
    }
    func appendResponseHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool {
        let value = responseHeaders[String(decoding: name, as: UTF8.self)]
        return append(value.map { Array($0.utf8) }, to: &line)
    }
    func appendResponseTrailer(_ name: [UInt8], to line: inout [UInt8]) -> Bool {
        let value = responseTrailers[String(decoding: name, as: UTF8.self)]
        return append(value.map { Array($0.utf8) }, to: &line)
    }

    private func append(_ value: [UInt8]?, to line: inout [UInt8]) -> Bool {
        guard let value else { return false }
        line.append(contentsOf: value)
        return true
    }

    /// The example of Istio's documentation: an upstream that closed the connection.
    static var closedByUpstream: ExchangeRecord {
        var record = ExchangeRecord()
        record.responseFlags = .upstreamConnectionTermination
        record.numbers = [
            .responseCode: 503, .bytesReceived: 0, .bytesSent: 95, .duration: 0,
        ]
        record.texts = [
            .requestProtocol: "HTTP/1.1",
            .responseCodeDetails:
                "upstream_reset_before_response_started{connection_termination}",
            .upstreamHost: "10.80.47.192:8181",
            .upstreamClusterRaw: "outbound|80||health-api.production.svc.cluster.local",
            .upstreamLocalAddress: "10.80.45.233:37132",
            .downstreamLocalAddress: "10.80.45.233:80",
            .downstreamRemoteAddress: "10.80.46.220:59375",
        ]
        let headers = [
            ":method": "GET", ":path": "/v1/status", ":authority": "health.abc.com",
            "x-forwarded-for": "10.90.16.220", "user-agent": "curl/8", "x-request-id": "3a7c",
        ]
        record.requestHeaders = headers.mapValues { Array($0.utf8) }
        return record
    }
}
