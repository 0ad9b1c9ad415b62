// What an access-log line can hold: Envoy's operators, by the kind of value they print.
// Split by kind, so that a source of values has one method a kind instead of one an operator, and
// JSON knows which values are numbers.

/// A place in a format that a value goes to.
public enum AccessLogField: Sendable, Equatable {
    case text(AccessLogText)
    case number(AccessLogNumber)
    /// `%REQ(X?Y)%`: names in lower case; the second is asked where the first is absent.
    case requestHeader(name: [UInt8], alternative: [UInt8]?)
    case responseHeader(name: [UInt8], alternative: [UInt8]?)
    case responseTrailer(name: [UInt8], alternative: [UInt8]?)
    case responseFlags(long: Bool)
    case startTime(TimeFormat)
}

/// Values that are words.
public enum AccessLogText: String, CaseIterable, Sendable {
    case requestProtocol = "PROTOCOL"
    case responseCodeDetails = "RESPONSE_CODE_DETAILS"
    case connectionTerminationDetails = "CONNECTION_TERMINATION_DETAILS"
    case upstreamTransportFailureReason = "UPSTREAM_TRANSPORT_FAILURE_REASON"
    case upstreamHost = "UPSTREAM_HOST"
    case upstreamCluster = "UPSTREAM_CLUSTER"
    case upstreamClusterRaw = "UPSTREAM_CLUSTER_RAW"
    case upstreamLocalAddress = "UPSTREAM_LOCAL_ADDRESS"
    case upstreamLocalAddressWithoutPort = "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"
    case upstreamRemoteAddress = "UPSTREAM_REMOTE_ADDRESS"
    case upstreamRemoteAddressWithoutPort = "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
    case downstreamLocalAddress = "DOWNSTREAM_LOCAL_ADDRESS"
    case downstreamLocalAddressWithoutPort = "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"
    case downstreamRemoteAddress = "DOWNSTREAM_REMOTE_ADDRESS"
    case downstreamRemoteAddressWithoutPort = "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
    case downstreamDirectRemoteAddress = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS"
    case downstreamDirectRemoteAddressWithoutPort =
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"
    /// Of the client's certificate: URIs and DNS names joined by commas, the subject as RFC 2253
    /// writes it, SHA-256 in lower-case hex.
    case downstreamPeerURISAN = "DOWNSTREAM_PEER_URI_SAN"
    case downstreamPeerDNSSAN = "DOWNSTREAM_PEER_DNS_SAN"
    case downstreamPeerSubject = "DOWNSTREAM_PEER_SUBJECT"
    case downstreamPeerFingerprint256 = "DOWNSTREAM_PEER_FINGERPRINT_256"
    /// What this side has shown it.
    case downstreamLocalURISAN = "DOWNSTREAM_LOCAL_URI_SAN"
    case downstreamTLSVersion = "DOWNSTREAM_TLS_VERSION"
    case downstreamTLSCipher = "DOWNSTREAM_TLS_CIPHER"
    case requestedServerName = "REQUESTED_SERVER_NAME"
    case routeName = "ROUTE_NAME"
    case virtualHostName = "VIRTUAL_HOST_NAME"
    case hostname = "HOSTNAME"
}

/// Values that are numbers. Durations are milliseconds, sizes bytes.
public enum AccessLogNumber: String, CaseIterable, Sendable {
    case responseCode = "RESPONSE_CODE"
    /// Body bytes.
    case bytesReceived = "BYTES_RECEIVED"
    /// Body bytes.
    case bytesSent = "BYTES_SENT"
    case duration = "DURATION"
    /// From the start to the last byte of the request.
    case requestDuration = "REQUEST_DURATION"
    /// From the start to the first byte from upstream.
    case responseDuration = "RESPONSE_DURATION"
    /// From the first byte from upstream to the last byte sent.
    case responseTransmitDuration = "RESPONSE_TX_DURATION"
    case upstreamRequestAttemptCount = "UPSTREAM_REQUEST_ATTEMPT_COUNT"
    case connectionID = "CONNECTION_ID"
    case downstreamLocalPort = "DOWNSTREAM_LOCAL_PORT"
    case downstreamRemotePort = "DOWNSTREAM_REMOTE_PORT"
    case upstreamLocalPort = "UPSTREAM_LOCAL_PORT"
    case upstreamRemotePort = "UPSTREAM_REMOTE_PORT"
}
