// The table of failures against what Istio's users see: status, body, flag, details.
// The expected values are typed in here from Envoy's documentation and Istio's logs, not taken
// from the table under test.
import Testing

@testable import Telemetry

@Suite("Failures")
struct FailureTests {
    private func body(
        _ failure: Failure, transportReason: String? = nil, retried: Bool = false
    ) -> String {
        var bytes: [UInt8] = []
        failure.appendBody(to: &bytes, transportReason: transportReason, retried: retried)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func details(
        _ failure: Failure, transportReason: String? = nil, cause: StaticString? = nil
    ) -> String {
        var bytes: [UInt8] = []
        failure.appendDetails(to: &bytes, transportReason: transportReason, cause: cause)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("every failure has a row of its own")
    func complete() {
        for failure in Failure.allCases {
            #expect(failure.row.details.description != Failure.unlisted.details.description)
        }
        #expect(Failure.allCases.count <= 64)
    }

    private static let known: [(Failure, UInt16, String, String, String)] = [
        (.routeNotFound, 404, "NR", "route_not_found", ""),
        (.routeConfigurationNotFound, 404, "NR", "route_configuration_not_found", ""),
        (.clusterNotFound, 503, "NC", "cluster_not_found", ""),
        (.noHealthyUpstream, 503, "UH", "no_healthy_upstream", "no healthy upstream"),
        (.lowVersion, 426, "-", "low_version", ""),
        (.missingHostHeader, 400, "-", "missing_host_header", ""),
        (.pathNormalizationFailed, 400, "-", "path_normalization_failed", ""),
        (.codecError, 400, "DPE", "http1.codec_error", "Bad Request"),
        (
            .contentLengthAndChunked, 400, "DPE",
            "http1.content_length_and_chunked_not_allowed", "Bad Request"
        ),
        (
            .headersTooLarge, 431, "DPE", "http1.headers_too_large",
            "Request Header Fields Too Large"
        ),
        (.uriTooLong, 414, "DPE", "http1.uri_too_long", "URI Too Long"),
        (.upgradeFailed, 403, "-", "upgrade_failed", ""),
        (.payloadTooLarge, 413, "-", "request_payload_too_large", "Payload Too Large"),
        (
            .requestHeaderTimeout, 408, "-", "request_header_timeout",
            "request header timeout"
        ),
        (.streamIdleTimeout, 408, "SI", "stream_idle_timeout", "stream timeout"),
        (.downstreamRemoteDisconnect, 0, "DC", "downstream_remote_disconnect", ""),
        (.overload, 503, "OM", "overload", "envoy overloaded"),
        (
            .connectionTermination, 503, "UC",
            "upstream_reset_before_response_started{connection_termination}",
            "upstream connect error or disconnect/reset before headers. "
                + "reset reason: connection termination"
        ),
        (
            .overflow, 503, "UO", "upstream_reset_before_response_started{overflow}",
            "upstream connect error or disconnect/reset before headers. reset reason: overflow"
        ),
        (
            .connectionTimeout, 503, "UF",
            "upstream_reset_before_response_started{connection_timeout}",
            "upstream connect error or disconnect/reset before headers. "
                + "reset reason: connection timeout"
        ),
        (
            .upstreamProtocolError, 502, "UPE",
            "upstream_reset_before_response_started{protocol_error}",
            "upstream connect error or disconnect/reset before headers. "
                + "reset reason: protocol error"
        ),
        (
            .connectionTerminationAfterHead, 0, "UC",
            "upstream_reset_after_response_started{connection_termination}", ""
        ),
    ]

    @Test("status, flag, details and body are those Istio's users know")
    func known() {
        for (failure, status, flag, wantedDetails, wantedBody) in Self.known {
            #expect(failure.row.status == status, "\(failure)")
            #expect(failure.row.flags.description == flag, "\(failure)")
            #expect(details(failure) == wantedDetails)
            #expect(body(failure) == wantedBody)
        }
    }

    @Test("a refused connection says so to the client and, as one word, to the log")
    func transportReason() {
        let reason = "delayed connect error: Connection refused"
        #expect(
            body(.remoteConnectionFailure, transportReason: reason)
                == "upstream connect error or disconnect/reset before headers. reset reason: "
                + "remote connection failure, transport failure reason: "
                + "delayed connect error: Connection refused")
        #expect(
            details(.remoteConnectionFailure, transportReason: reason)
                == "upstream_reset_before_response_started{remote_connection_failure|"
                + "delayed_connect_error:_Connection_refused}")
    }

    @Test("the body tells that the request had been tried before")
    func retried() {
        #expect(
            body(.connectionTermination, retried: true)
                == "upstream connect error or disconnect/reset before headers. "
                + "retried and the latest reset reason: connection termination")
    }

    @Test("a malformed request's details name the rule it broke")
    func cause() {
        #expect(details(.codecError, cause: "obs fold") == "http1.codec_error{obs_fold}")
    }

    @Test("whatever leaves the byte stream in doubt closes the client's connection")
    func closing() {
        for failure in Failure.allCases {
            let row = failure.row
            if row.flags.contains(.downstreamProtocolError) { #expect(row.closesDownstream) }
            if row.status == 0 { #expect(row.closesDownstream) }
        }
        #expect(!Failure.routeNotFound.row.closesDownstream)
        #expect(!Failure.noHealthyUpstream.row.closesDownstream)
    }

    @Test("only failures before the response began may be tried again")
    func retry() {
        for failure in Failure.allCases where failure.row.retry != .never {
            #expect(failure.row.side == .upstream)
            #expect([502, 503, 504].contains(failure.row.status))
        }
        #expect(Failure.remoteConnectionFailure.row.retry == .connectFailure)
        #expect(Failure.connectionTermination.row.retry == .reset)
        #expect(Failure.remoteRefusedReset.row.retry == .refused)
        // Envoy: a request that was too much is not sent again; nor is one that took too long.
        #expect(Failure.overflow.row.retry == .never)
        #expect(Failure.responseTimeout.row.retry == .never)
    }

    @Test("statuses are real ones, and no body ends in a line feed")
    func sane() {
        for failure in Failure.allCases {
            let status = failure.row.status
            #expect(status == 0 || (400...599).contains(status))
            #expect(!body(failure).hasSuffix("\n"))
        }
    }
}

@Suite("Response flags")
struct ResponseFlagsTests {
    @Test("no flag is a dash, several are joined in Envoy's order")
    func printing() {
        #expect(ResponseFlags().description == "-")
        #expect(ResponseFlags.noRouteFound.description == "NR")
        let both: ResponseFlags = [.upstreamRetryLimitExceeded, .upstreamConnectionFailure]
        #expect(both.description == "UF,URX")
        let injected: ResponseFlags = [.faultInjected, .delayInjected]
        #expect(injected.description == "DI,FI")
    }

    @Test("every flag has its own bit, short and long name")
    func table() {
        let names = ResponseFlags.names
        #expect(names.count == 30)
        #expect(Set(names.map(\.flag.rawValue)).count == names.count)
        #expect(Set(names.map(\.short.description)).count == names.count)
        #expect(names.allSatisfy { $0.flag.rawValue.nonzeroBitCount == 1 })
        for (place, name) in names.enumerated() {
            #expect(name.flag.rawValue == 1 << UInt32(place))
        }
    }

    @Test("long names are printed when asked for")
    func longNames() {
        var bytes: [UInt8] = []
        ResponseFlags([.noClusterFound, .upstreamConnectionTermination])
            .append(to: &bytes, long: true)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "UpstreamConnectionTermination,NoClusterFound")
    }
}
