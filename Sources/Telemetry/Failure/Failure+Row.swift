// The table of failures: status, response flag, details, body, side, retry.
// Status, body and flag are Envoy's as Istio's users know them (404 NR is configuration, 503 UH no
// endpoint, 503 UC a closed connection); what Envoy leaves open follows RFC 9110 and RFC 9112.

extension Failure {
    public var row: FailureRow { Self.rows[rawValue] ?? Self.unlisted }

    /// By raw value. A test looks for every case here, so `unlisted` is never seen.
    private static let rows: InlineArray<64, FailureRow?> = {
        var rows = InlineArray<64, FailureRow?>(repeating: nil)
        for part in [configuration, hosts, upstream, request, connection] {
            for (failure, row) in part { rows[failure.rawValue] = row }
        }
        return rows
    }()

    static let unlisted = FailureRow(500, [], "unlisted_failure", side: .proxy, closes: true)

    private typealias Part = KeyValuePairs<Failure, FailureRow>

    private static let configuration: Part = [
        .routeNotFound: FailureRow(404, .noRouteFound, "route_not_found", side: .proxy),
        .routeConfigurationNotFound:
            FailureRow(404, .noRouteFound, "route_configuration_not_found", side: .proxy),
        // RFC 9110 section 15.5.20: another server on this port answers for the authority.
        .misdirectedRequest: FailureRow(
            421, .noRouteFound, "misdirected_request", body: "Misdirected Request",
            side: .downstream),
        .clusterNotFound: FailureRow(503, .noClusterFound, "cluster_not_found", side: .proxy),
        .noHealthyUpstream: FailureRow(
            503, .noHealthyUpstream, "no_healthy_upstream", body: "no healthy upstream",
            side: .upstream),
        // The status is the route's.
        .faultAbort: FailureRow(
            503, .faultInjected, "fault_filter_abort", body: "fault filter abort", side: .proxy),
    ]

    /// What went wrong the answer says in a line of its own.
    private static let hosts: Part = [
        .nameResolutionFailed: FailureRow(
            503, .dnsResolutionFailed, "dns_resolution_failure", side: .upstream),
        .nameCacheOverflow: FailureRow(
            503, .upstreamOverflow, "dns_cache_overflow", side: .proxy),
        .hostNotAdmitted: FailureRow(
            502, .noHealthyUpstream, "destination_not_admitted", side: .proxy),
        // The status that RFC 9209 section 2.3.5 has for `destination_ip_prohibited`.
        .addressProhibited: FailureRow(
            502, .noHealthyUpstream, "destination_ip_prohibited", side: .proxy),
        // The same, section 2.3.32.
        .proxyLoop: FailureRow(502, .noHealthyUpstream, "proxy_loop_detected", side: .proxy),
    ]

    private static let upstream: Part = [
        .localConnectionFailure: early(
            .upstreamConnectionFailure, "local connection failure", retry: .connectFailure),
        .remoteConnectionFailure: early(
            .upstreamConnectionFailure, "remote connection failure", retry: .connectFailure),
        .connectionTimeout: early(
            .upstreamConnectionFailure, "connection timeout", retry: .connectFailure),
        .connectionTermination: early(
            .upstreamConnectionTermination, "connection termination", retry: .reset),
        .localReset: early(.localReset, "local reset", retry: .reset),
        .remoteReset: early(.upstreamRemoteReset, "remote reset", retry: .reset),
        .remoteRefusedReset: early(
            .upstreamRemoteReset, "remote refused stream reset", retry: .refused),
        .overflow: early(.upstreamOverflow, "overflow"),
        .upstreamProtocolError: early(
            .upstreamProtocolError, "protocol error", status: 502, retry: .reset),
        .responseTimeout: FailureRow(
            504, .upstreamRequestTimeout, "response_timeout", body: "upstream request timeout",
            side: .upstream),
        .perTryTimeout: FailureRow(
            504, .upstreamRequestTimeout, "upstream_per_try_timeout",
            body: "upstream request timeout", side: .upstream, retry: .reset),
        .connectionTerminationAfterHead: late(
            .upstreamConnectionTermination, "connection termination"),
        .localResetAfterHead: late(.localReset, "local reset"),
        .remoteResetAfterHead: late(.upstreamRemoteReset, "remote reset"),
        .upstreamProtocolErrorAfterHead: late(.upstreamProtocolError, "protocol error"),
        .responseTimeoutAfterHead: FailureRow(
            0, .upstreamRequestTimeout, "response_timeout", side: .upstream, closes: true),
    ]

    private static let request: Part = [
        .codecError: malformed("http1.codec_error"),
        .contentLengthAndChunked: malformed(
            "http1.content_length_and_chunked_not_allowed"),
        .duplicateContentLength: malformed("http1.duplicate_content_length"),
        .invalidTransferEncoding: malformed("http1.invalid_transfer_encoding"),
        // RFC 9112 section 6.1: a coding the server does not know.
        .unknownTransferEncoding: malformed(
            "http1.invalid_transfer_encoding", 501, "Not Implemented"),
        .invalidCharacters: malformed("http1.invalid_characters"),
        .invalidURL: malformed("http1.invalid_url"),
        .invalidHost: malformed("http1.invalid_host"),
        .invalidTrailers: malformed("http1.invalid_trailers"),
        .headersTooLarge: malformed(
            "http1.headers_too_large", 431, "Request Header Fields Too Large"),
        .tooManyHeaders: malformed(
            "http1.too_many_headers", 431, "Request Header Fields Too Large"),
        // RFC 9112 section 3: a request-target longer than the server wishes to parse.
        .uriTooLong: malformed("http1.uri_too_long", 414, "URI Too Long"),
        .lowVersion: FailureRow(426, [], "low_version", side: .downstream, closes: true),
        .missingHostHeader: FailureRow(
            400, [], "missing_host_header", side: .downstream, closes: true),
        .pathNormalizationFailed: FailureRow(
            400, [], "path_normalization_failed", side: .downstream),
        .upgradeFailed: FailureRow(403, [], "upgrade_failed", side: .downstream, closes: true),
        // RFC 9110 section 10.1.1: an expectation other than 100-continue.
        .expectationFailed: FailureRow(
            417, [], "expectation_failed", side: .downstream, closes: true),
        .payloadTooLarge: FailureRow(
            413, [], "request_payload_too_large", body: "Payload Too Large", side: .downstream,
            closes: true),
    ]

    private static let connection: Part = [
        .requestHeaderTimeout: FailureRow(
            408, [], "request_header_timeout", body: "request header timeout",
            side: .downstream, closes: true),
        .streamIdleTimeout: FailureRow(
            408, .streamIdleTimeout, "stream_idle_timeout", body: "stream timeout",
            side: .downstream, closes: true),
        // RFC 9112 section 8: the connection ended inside the body the head had announced.
        .requestBodyCutShort: FailureRow(
            0, [.downstreamConnectionTermination, .downstreamProtocolError],
            "downstream_remote_disconnect", side: .downstream, closes: true),
        .downstreamRemoteDisconnect: FailureRow(
            0, .downstreamConnectionTermination, "downstream_remote_disconnect",
            side: .downstream, closes: true),
        .downstreamLocalDisconnect: FailureRow(
            0, .downstreamConnectionTermination, "downstream_local_disconnect", side: .proxy,
            closes: true),
        .overload: FailureRow(
            503, .overloadManager, "overload", body: "envoy overloaded", side: .proxy,
            closes: true),
        .draining: FailureRow(
            503, .overloadManager, "draining", body: "draining", side: .proxy, closes: true),
    ]

    /// The upstream failed before anything of the response was there.
    private static func early(
        _ flags: ResponseFlags, _ reset: StaticString, status: UInt16 = 503,
        retry: FailureRow.Retry = .never
    ) -> FailureRow {
        FailureRow(
            status, flags, "upstream_reset_before_response_started", reset: reset,
            side: .upstream, retry: retry)
    }

    /// The upstream failed while the response's body was on its way: the client's connection has
    /// to end, or the body would look complete (RFC 9112 section 8).
    private static func late(_ flags: ResponseFlags, _ reset: StaticString) -> FailureRow {
        FailureRow(
            0, flags, "upstream_reset_after_response_started", reset: reset, side: .upstream,
            closes: true)
    }

    private static func malformed(
        _ details: StaticString, _ status: UInt16 = 400, _ body: StaticString = "Bad Request"
    ) -> FailureRow {
        FailureRow(
            status, .downstreamProtocolError, details, body: body, side: .downstream,
            closes: true)
    }
}
