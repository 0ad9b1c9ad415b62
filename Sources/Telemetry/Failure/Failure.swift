// Every way a request can fail.
// One case a way; what each one means to the client, the log and the metrics is a row of
// `Failure+Row.swift`, so that status, flag, text and label cannot disagree.

public enum Failure: Int, CaseIterable, Sendable {
    // What the configuration says about the request.
    case routeNotFound
    case routeConfigurationNotFound
    case misdirectedRequest
    case clusterNotFound
    case noHealthyUpstream
    case faultAbort

    // The host a request names, where that decides whom it goes to.
    case nameResolutionFailed
    case nameCacheOverflow
    case hostNotAdmitted
    case addressProhibited
    case proxyLoop

    // The upstream, before a response head arrived.
    case localConnectionFailure
    case remoteConnectionFailure
    case connectionTimeout
    case connectionTermination
    case localReset
    case remoteReset
    case remoteRefusedReset
    case overflow
    case upstreamProtocolError
    case responseTimeout
    case perTryTimeout

    // The upstream, after the response head was passed on: the client sees a cut body.
    case connectionTerminationAfterHead
    case localResetAfterHead
    case remoteResetAfterHead
    case upstreamProtocolErrorAfterHead
    case responseTimeoutAfterHead

    // The client broke a rule.
    case codecError
    case contentLengthAndChunked
    case duplicateContentLength
    case invalidTransferEncoding
    case unknownTransferEncoding
    case invalidCharacters
    case invalidURL
    case invalidHost
    case invalidTrailers
    case headersTooLarge
    case tooManyHeaders
    case uriTooLong
    case lowVersion
    case missingHostHeader
    case pathNormalizationFailed
    case upgradeFailed
    case expectationFailed
    case payloadTooLarge

    // The client was slow, or left.
    case requestHeaderTimeout
    case streamIdleTimeout
    case requestBodyCutShort
    case downstreamRemoteDisconnect
    case downstreamLocalDisconnect

    // The proxy itself.
    case overload
    case draining
}
