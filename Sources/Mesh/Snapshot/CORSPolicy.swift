// Which other sites' scripts may call a route, and what their browsers are told (Istio CorsPolicy).
// Lists are joined here once: an answer is copies of bytes and one comparison of the origin.

public final class CORSPolicy: Sendable {
    /// Any of them allows an origin.
    public let allowOrigins: [StringMatcher]
    /// One of them takes `*`, as in Envoy the sign for every origin.
    public let allowsAnyOrigin: Bool
    /// `GET,POST`; `*` stands for what is asked for; empty: nothing is said.
    public let allowMethods: [UInt8]
    /// As `allowMethods`.
    public let allowHeaders: [UInt8]
    public let exposeHeaders: [UInt8]
    /// Whole seconds in digits; empty: nothing is said.
    public let maxAge: [UInt8]
    public let allowsCredentials: Bool
    /// A preflight from elsewhere goes to the destination; else it is answered without an origin.
    public let forwardsUnmatched: Bool

    public init(
        allowOrigins: [StringMatcher], allowMethods: [String] = [], allowHeaders: [String] = [],
        exposeHeaders: [String] = [], maxAgeSeconds: Int64? = nil, allowsCredentials: Bool = false,
        forwardsUnmatched: Bool = true
    ) {
        self.allowOrigins = allowOrigins
        let any: [UInt8] = [UInt8(ascii: "*")]
        allowsAnyOrigin = allowOrigins.contains { $0.matches(any.span) }
        self.allowMethods = Array(allowMethods.joined(separator: ",").utf8)
        self.allowHeaders = Array(allowHeaders.joined(separator: ",").utf8)
        self.exposeHeaders = Array(exposeHeaders.joined(separator: ",").utf8)
        maxAge = maxAgeSeconds.map { Array(String($0).utf8) } ?? []
        self.allowsCredentials = allowsCredentials
        self.forwardsUnmatched = forwardsUnmatched
    }

    /// `origin` as the browser sent it, `https://shop.example.com`.
    public func allows(_ origin: Span<UInt8>) -> Bool {
        if allowsAnyOrigin { return true }
        for matcher in allowOrigins where matcher.matches(origin) { return true }
        return false
    }
}

extension CORSPolicy: Hashable {
    public static func == (left: CORSPolicy, right: CORSPolicy) -> Bool {
        left === right
            || left.allowOrigins == right.allowOrigins && left.allowMethods == right.allowMethods
                && left.allowHeaders == right.allowHeaders
                && left.exposeHeaders == right.exposeHeaders && left.maxAge == right.maxAge
                && left.allowsCredentials == right.allowsCredentials
                && left.forwardsUnmatched == right.forwardsUnmatched
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(allowOrigins.count)
        hasher.combine(allowMethods)
        hasher.combine(allowHeaders)
        hasher.combine(exposeHeaders)
        hasher.combine(maxAge)
    }
}

extension CORSPolicy {
    /// In words, for explanations and dumps.
    var steps: [String] {
        let origins =
            allowsAnyOrigin
            ? "every origin" : "origins " + allowOrigins.map(\.text).joined(separator: " or ")
        var text = "CORS for \(allowOrigins.isEmpty ? "no origin" : origins)"
        for (word, list) in [
            ("methods", allowMethods), ("headers", allowHeaders), ("exposes", exposeHeaders),
        ] where !list.isEmpty {
            text += ", \(word) \(String(decoding: list, as: UTF8.self))"
        }
        if allowsCredentials { text += ", with credentials" }
        return [text]
    }
}
