// The request somebody asks about: a method, a URL or path, and some headers.
// It becomes the same RouteRequest and HeaderSource that the data plane uses, so that the answer
// cannot differ from what would happen.

public struct ExplainRequest: Sendable {
    public let method: String
    /// `http` or `https`
    public private(set) var scheme: String
    /// As a client would send it: the `Host` header if one is given, else the URL's authority.
    public private(set) var authority: String
    /// What a TLS client asks for (SNI): the URL's host, whatever the `Host` header says; nil for
    /// an IP address, which is no server name (RFC 6066 section 3).
    public private(set) var serverName: String?
    /// The port the URL says or implies; nil where only a path was given.
    public private(set) var port: UInt16?
    /// Whether the URL says it itself.
    public private(set) var isPortExplicit: Bool
    /// Without the query.
    public private(set) var path: String
    /// Without the `?`.
    public private(set) var query: String
    /// Names as given.
    public internal(set) var headers: [(name: String, value: String)]

    /// - Parameters:
    ///   - url: `http://host:port/path?query`, or a path.
    ///   - headers: `Host` among them decides the authority.
    ///   - normalize: what the data plane does to a path before matching it.
    public init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
        normalize: (String) -> String = { $0 }
    ) throws(ExplainError) {
        var rest = Substring(url.prefix { $0 != "#" })
        var scheme = "http"
        var authority: Substring = ""
        if let range = rest.firstRange(of: "://") {
            scheme = rest[..<range.lowerBound].lowercased()
            guard scheme == "http" || scheme == "https" else { throw .badScheme(scheme) }
            rest = rest[range.upperBound...]
            authority = rest.prefix { $0 != "/" && $0 != "?" }
            rest = rest.dropFirst(authority.count)
            guard !authority.isEmpty else { throw .noHost(url) }
        } else if rest.first != "/" && rest != "*" {
            throw .notAURL(url)
        }
        let named = try Self.port(of: authority)
        let host = headers.first { $0.name.lowercased() == "host" }?.value
        self.method = method
        self.scheme = scheme
        self.authority = host ?? (authority.isEmpty ? "localhost" : String(authority))
        serverName = Self.serverName(of: authority.isEmpty ? self.authority : String(authority))
        port = authority.isEmpty ? nil : named ?? (scheme == "https" ? 443 : 80)
        isPortExplicit = named != nil
        let path = rest.prefix { $0 != "?" }
        query = String(rest.dropFirst(path.count).dropFirst())
        self.path = normalize(path.isEmpty ? "/" : String(path))
        self.headers = headers.filter { $0.name.lowercased() != "host" }
    }

    /// The CONNECT that a client of a forward proxy sends before it speaks TLS.
    var asTunnel: ExplainRequest {
        ExplainRequest(tunnelTo: isPortExplicit ? authority : "\(authority):\(port ?? 443)", self)
    }

    private init(tunnelTo authority: String, _ request: ExplainRequest) {
        method = "CONNECT"
        scheme = request.scheme
        self.authority = authority
        serverName = request.serverName
        port = request.port
        isPortExplicit = true
        path = authority
        query = ""
        headers = []
    }

    /// As a route sends it on; nil for what it leaves as it is.
    func rewritten(path: String?, authority: String?) -> ExplainRequest {
        var copy = self
        let parts = path.map { $0.split(separator: "?", maxSplits: 1).map(String.init) }
        if let parts {
            copy.path = parts.first ?? "/"
            if parts.count > 1 { copy.query = parts[1] }
        }
        if let authority { copy.authority = authority }
        return copy
    }

    /// As it comes to the next proxy, on the port that is called there: by TLS of the caller's, or
    /// as it is.
    func arriving(port: UInt16, tls: UpstreamTLS?) -> ExplainRequest {
        var copy = self
        copy.port = port
        copy.isPortExplicit = true
        if let tls {
            copy.scheme = "https"
            copy.serverName = tls.serverName ?? Self.serverName(of: copy.authority)
        }
        return copy
    }

    private static func serverName(of authority: String) -> String? {
        let bytes = Array(authority.utf8)
        let host = bytes[..<HostTable.hostLength(of: bytes.span)]
        let isAddress =
            host.first == UInt8(ascii: "[")
            || host.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
        return isAddress ? nil : String(decoding: host, as: UTF8.self).lowercased()
    }

    private static func port(of authority: Substring) throws(ExplainError) -> UInt16? {
        let text = String(authority)
        let length = HostTable.hostLength(of: Array(text.utf8).span)
        guard length < text.utf8.count else { return nil }
        let digits = String(decoding: Array(text.utf8)[(length + 1)...], as: UTF8.self)
        guard let port = UInt16(digits), port != 0 else { throw .badPort(digits) }
        return port
    }
}

/// Why a request cannot be asked about.
public enum ExplainError: Error, Equatable, CustomStringConvertible {
    case notAURL(String)
    case badScheme(String)
    case noHost(String)
    case badPort(String)

    public var description: String {
        switch self {
        case .notAURL(let text):
            "\"\(text)\" is neither a URL nor a path; write http://host/path or /path"
        case .badScheme(let scheme): "the scheme \(scheme) is not served; write http or https"
        case .noHost(let url): "\"\(url)\" names no host"
        case .badPort(let port): "\"\(port)\" is no port; ports are 1 to 65535"
        }
    }
}

/// Header fields for the matcher: values of one name joined with a comma.
struct ExplainHeaders: HeaderSource {
    private var fields: [[UInt8]: [UInt8]] = [:]

    init(_ headers: [(name: String, value: String)]) {
        for (name, value) in headers {
            let key = Array(name.lowercased().utf8)
            if let old = fields[key] {
                fields[key] = old + [UInt8(ascii: ",")] + Array(value.utf8)
            } else {
                fields[key] = Array(value.utf8)
            }
        }
    }

    func withValue<R>(of name: [UInt8], _ body: (borrowing Span<UInt8>?) -> R) -> R {
        guard let value = fields[name] else { return body(nil) }
        return body(value.span)
    }

    func text(of name: [UInt8]) -> String? {
        fields[name].map { String(decoding: $0, as: UTF8.self) }
    }
}
