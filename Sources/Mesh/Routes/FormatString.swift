// Takes Envoy's format strings apart once, when the configuration is compiled.
// `set` and `add` values may carry `%OPERATOR%`; an operator nobody knows must not end up as text
// in a header, so it is refused here, as Envoy refuses the whole route table.

enum FormatString {
    static func parse(_ text: String) throws(FormatError) -> [FormatPart] {
        let bytes = Array(text.utf8)
        guard bytes.contains(percent) else { return bytes.isEmpty ? [] : [.literal(bytes)] }
        var parts: [FormatPart] = []
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == percent else {
                literal.append(bytes[index])
                index += 1
                continue
            }
            guard let end = end(of: bytes, from: index + 1) else { throw .lonePercent }
            if end == index + 1 {
                literal.append(percent)
            } else {
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = []
                parts.append(
                    try operation(String(decoding: bytes[(index + 1)..<end], as: UTF8.self)))
            }
            index = end + 1
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        return parts
    }

    private static let percent = UInt8(ascii: "%")

    /// The closing percent sign; one inside the parentheses of an operator does not close it.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        for index in start..<max(start, bytes.count) {
            switch bytes[index] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case percent where depth <= 0: return index
            default: break
            }
        }
        return nil
    }

    private static func operation(_ text: String) throws(FormatError) -> FormatPart {
        if let plain = plainOperators[text] { return plain }
        let name = String(text.prefix { $0 != "(" && $0 != ":" })
        if name == "REQ" || name == "RESP" {
            guard text.hasPrefix("\(name)("), text.hasSuffix(")") else {
                throw text.contains(")") ? .notYet(text) : .unknown(text)
            }
            let field = text.dropFirst(name.count + 1).dropLast()
            guard !field.isEmpty else { throw .unknown(text) }
            // `REQ(A?B)`, B where A is absent, and `REQ(A):Z`, the first Z bytes.
            guard !field.contains("?"), !field.contains(")") else { throw .notYet(text) }
            let lowered = Array(field.lowercased().utf8)
            return name == "REQ" ? .requestHeader(name: lowered) : .responseHeader(name: lowered)
        }
        throw knownOperators.contains(name) ? .notYet(text) : .unknown(text)
    }

    private static let plainOperators: [String: FormatPart] = [
        "DOWNSTREAM_REMOTE_ADDRESS": .downstreamRemoteAddress,
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": .downstreamRemoteAddressWithoutPort,
        "DOWNSTREAM_LOCAL_ADDRESS": .downstreamLocalAddress,
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT": .downstreamLocalAddressWithoutPort,
        "DOWNSTREAM_LOCAL_PORT": .downstreamLocalPort,
        "UPSTREAM_REMOTE_ADDRESS": .upstreamRemoteAddress,
        "UPSTREAM_CLUSTER": .upstreamCluster,
        "UPSTREAM_CLUSTER_RAW": .upstreamCluster,
        "UPSTREAM_HOST": .upstreamHost,
        "PROTOCOL": .protocolName,
        "START_TIME": .startTime,
        "RESPONSE_CODE": .responseCode,
        "RESPONSE_FLAGS": .responseFlags,
        "ROUTE_NAME": .routeName,
        "HOSTNAME": .hostname,
    ]

    /// What Envoy knows besides.
    private static let knownOperators: Set<String> = [
        "BYTES_RECEIVED", "BYTES_SENT", "CONNECTION_ID", "CONNECTION_TERMINATION_DETAILS",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS", "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_LOCAL_DNS_SAN", "DOWNSTREAM_LOCAL_SUBJECT", "DOWNSTREAM_LOCAL_URI_SAN",
        "DOWNSTREAM_PEER_CERT", "DOWNSTREAM_PEER_CERT_V_END", "DOWNSTREAM_PEER_CERT_V_START",
        "DOWNSTREAM_PEER_DNS_SAN", "DOWNSTREAM_PEER_FINGERPRINT_1",
        "DOWNSTREAM_PEER_FINGERPRINT_256", "DOWNSTREAM_PEER_ISSUER", "DOWNSTREAM_PEER_SERIAL",
        "DOWNSTREAM_PEER_SUBJECT", "DOWNSTREAM_PEER_URI_SAN", "DOWNSTREAM_REMOTE_PORT",
        "DOWNSTREAM_TLS_CIPHER", "DOWNSTREAM_TLS_SESSION_ID", "DOWNSTREAM_TLS_VERSION",
        "DURATION", "DYNAMIC_METADATA", "CLUSTER_METADATA", "UPSTREAM_METADATA", "EMIT_TIME",
        "ENVIRONMENT", "FILTER_CHAIN_NAME", "FILTER_STATE", "GRPC_STATUS", "GRPC_STATUS_NUMBER",
        "METADATA", "PER_REQUEST_STATE", "PATH", "QUERY_PARAM", "REQUESTED_SERVER_NAME",
        "REQUEST_DURATION", "REQUEST_HEADERS_BYTES", "RESPONSE_CODE_DETAILS", "RESPONSE_DURATION",
        "RESPONSE_FLAGS_LONG", "RESPONSE_HEADERS_BYTES", "START_TIME", "STREAM_ID", "TRACE_ID",
        "TRAILER", "UNIQUE_ID", "UPSTREAM_CONNECTION_ID", "UPSTREAM_LOCAL_ADDRESS",
        "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "UPSTREAM_LOCAL_PORT", "UPSTREAM_PEER_CERT",
        "UPSTREAM_PEER_SUBJECT", "UPSTREAM_PROTOCOL", "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "UPSTREAM_REMOTE_PORT", "UPSTREAM_REQUEST_ATTEMPT_COUNT", "UPSTREAM_TLS_CIPHER",
        "UPSTREAM_TLS_VERSION", "UPSTREAM_TRANSPORT_FAILURE_REASON", "VIRTUAL_CLUSTER_NAME",
    ]
}

/// Why a header's value is refused.
enum FormatError: Error, Equatable {
    /// A percent sign that opens nothing.
    case lonePercent
    /// No such operator, in Envoy either.
    case unknown(String)
    /// Envoy knows it and this proxy does not.
    case notYet(String)
}
