// Envoy's response flags: why a request did not simply succeed, in two to five letters.
// They are the first thing people look at in an access log, so spelling and order are Envoy's
// (source/common/stream_info, in the order of its enumeration).

public struct ResponseFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The table: place in the enumeration, short and long name.
    public static let names: [(flag: ResponseFlags, short: String, long: String)] = [
        (.failedLocalHealthCheck, "LH", "FailedLocalHealthCheck"),
        (.noHealthyUpstream, "UH", "NoHealthyUpstream"),
        (.upstreamRequestTimeout, "UT", "UpstreamRequestTimeout"),
        (.localReset, "LR", "LocalReset"),
        (.upstreamRemoteReset, "UR", "UpstreamRemoteReset"),
        (.upstreamConnectionFailure, "UF", "UpstreamConnectionFailure"),
        (.upstreamConnectionTermination, "UC", "UpstreamConnectionTermination"),
        (.upstreamOverflow, "UO", "UpstreamOverflow"),
        (.noRouteFound, "NR", "NoRouteFound"),
        (.delayInjected, "DI", "DelayInjected"),
        (.faultInjected, "FI", "FaultInjected"),
        (.rateLimited, "RL", "RateLimited"),
        (.unauthorizedExternalService, "UAEX", "UnauthorizedExternalService"),
        (.rateLimitServiceError, "RLSE", "RateLimitServiceError"),
        (.downstreamConnectionTermination, "DC", "DownstreamConnectionTermination"),
        (.upstreamRetryLimitExceeded, "URX", "UpstreamRetryLimitExceeded"),
        (.streamIdleTimeout, "SI", "StreamIdleTimeout"),
        (.invalidEnvoyRequestHeaders, "IH", "InvalidEnvoyRequestHeaders"),
        (.downstreamProtocolError, "DPE", "DownstreamProtocolError"),
        (.upstreamMaxStreamDurationReached, "UMSDR", "UpstreamMaxStreamDurationReached"),
        (.responseFromCacheFilter, "RFCF", "ResponseFromCacheFilter"),
        (.noFilterConfigFound, "NFCF", "NoFilterConfigFound"),
        (.durationTimeout, "DT", "DurationTimeout"),
        (.upstreamProtocolError, "UPE", "UpstreamProtocolError"),
        (.noClusterFound, "NC", "NoClusterFound"),
        (.overloadManager, "OM", "OverloadManager"),
        (.dnsResolutionFailed, "DF", "DnsResolutionFailed"),
        (.dropOverload, "DO", "DropOverload"),
        (.downstreamRemoteReset, "DR", "DownstreamRemoteReset"),
        (.unconditionalDropOverload, "UDO", "UnconditionalDropOverload"),
    ]

    public static let failedLocalHealthCheck = ResponseFlags(rawValue: 1 << 0)
    public static let noHealthyUpstream = ResponseFlags(rawValue: 1 << 1)
    public static let upstreamRequestTimeout = ResponseFlags(rawValue: 1 << 2)
    public static let localReset = ResponseFlags(rawValue: 1 << 3)
    public static let upstreamRemoteReset = ResponseFlags(rawValue: 1 << 4)
    public static let upstreamConnectionFailure = ResponseFlags(rawValue: 1 << 5)
    public static let upstreamConnectionTermination = ResponseFlags(rawValue: 1 << 6)
    public static let upstreamOverflow = ResponseFlags(rawValue: 1 << 7)
    public static let noRouteFound = ResponseFlags(rawValue: 1 << 8)
    public static let delayInjected = ResponseFlags(rawValue: 1 << 9)
    public static let faultInjected = ResponseFlags(rawValue: 1 << 10)
    public static let rateLimited = ResponseFlags(rawValue: 1 << 11)
    public static let unauthorizedExternalService = ResponseFlags(rawValue: 1 << 12)
    public static let rateLimitServiceError = ResponseFlags(rawValue: 1 << 13)
    public static let downstreamConnectionTermination = ResponseFlags(rawValue: 1 << 14)
    public static let upstreamRetryLimitExceeded = ResponseFlags(rawValue: 1 << 15)
    public static let streamIdleTimeout = ResponseFlags(rawValue: 1 << 16)
    public static let invalidEnvoyRequestHeaders = ResponseFlags(rawValue: 1 << 17)
    public static let downstreamProtocolError = ResponseFlags(rawValue: 1 << 18)
    public static let upstreamMaxStreamDurationReached = ResponseFlags(rawValue: 1 << 19)
    public static let responseFromCacheFilter = ResponseFlags(rawValue: 1 << 20)
    public static let noFilterConfigFound = ResponseFlags(rawValue: 1 << 21)
    public static let durationTimeout = ResponseFlags(rawValue: 1 << 22)
    public static let upstreamProtocolError = ResponseFlags(rawValue: 1 << 23)
    public static let noClusterFound = ResponseFlags(rawValue: 1 << 24)
    public static let overloadManager = ResponseFlags(rawValue: 1 << 25)
    public static let dnsResolutionFailed = ResponseFlags(rawValue: 1 << 26)
    public static let dropOverload = ResponseFlags(rawValue: 1 << 27)
    public static let downstreamRemoteReset = ResponseFlags(rawValue: 1 << 28)
    public static let unconditionalDropOverload = ResponseFlags(rawValue: 1 << 29)

    /// `UF,URX`; `-` where there is none.
    /// - Parameter long: `UpstreamConnectionFailure,UpstreamRetryLimitExceeded` instead.
    public func append(to out: inout [UInt8], long: Bool = false) {
        if isEmpty {
            out.append(UInt8(ascii: "-"))
            return
        }
        var isFirst = true
        for name in Self.names where contains(name.flag) {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            out.append(long ? name.long : name.short)
        }
    }
}

extension ResponseFlags: CustomStringConvertible {
    public var description: String {
        if isEmpty { return "-" }
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
