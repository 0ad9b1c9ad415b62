// The protocols a port can be declared with, and the class each belongs to.
// Istio groups them (pkg/config/protocol): the group decides whether requests, TLS handshakes or
// plain bytes are routed.

/// Istio's port protocols; spelling is case-insensitive in resources.
public enum PortProtocol: String, Sendable, Hashable, CaseIterable {
    case http = "HTTP"
    case https = "HTTPS"
    case http2 = "HTTP2"
    case grpc = "GRPC"
    case grpcWeb = "GRPC-WEB"
    case tcp = "TCP"
    case tls = "TLS"
    case mongo = "MONGO"
    case mysql = "MYSQL"
    case redis = "REDIS"
    case udp = "UDP"
    case httpProxy = "HTTP_PROXY"
    /// Nothing declared; only on services, never on a Gateway's port.
    case unspecified = ""

    /// HTTP requests in plain text are routed.
    public var isHTTP: Bool {
        switch self {
        case .http, .http2, .grpc, .grpcWeb, .httpProxy: true
        default: false
        }
    }

    /// The connection starts with a TLS handshake.
    public var isTLS: Bool { self == .https || self == .tls }

    /// Bytes are routed, whatever they say.
    public var isTCP: Bool {
        switch self {
        case .tcp, .mongo, .mysql, .redis: true
        default: false
        }
    }
}
