// What the services have in common: paths, methods, JSON answers.
// Six services agree on these few things, and only on these.
import HTTP

extension ServerRequest {
    /// `/ratings/0` as `["ratings", "0"]`; empty pieces are left out.
    var pathSegments: [Substring] { path.split(separator: "/") }

    /// GET, or HEAD, which the server answers like GET without the body.
    var isRead: Bool { method == .get || method == .head }
}

extension ServerResponse {
    static func json(_ value: JSONValue, status: UInt16 = 200) -> ServerResponse {
        .json(value.text, status: status)
    }

    static func health(_ service: String) -> ServerResponse {
        .json(.object([("status", .string("\(service) is healthy"))]))
    }

    static func error(_ text: String, status: UInt16) -> ServerResponse {
        .json(.object([("error", .string(text))]), status: status)
    }

    static var notFound: ServerResponse { .error("there is nothing here", status: 404) }

    /// RFC 9110 section 15.5.6: says what is allowed.
    static func methodNotAllowed(_ allowed: String) -> ServerResponse {
        var response = error("only \(allowed) here", status: 405)
        response.fields.append(HTTPField("allow", allowed))
        return response
    }
}

extension ServerRequest {
    enum Question {
        case product(Int)
        /// It asks for nothing of a product, and this is the answer.
        case answered(ServerResponse)
    }

    /// What a service is asked that has `/<collection>/<id>` and its health alone.
    func question(of collection: String, at service: String) -> Question {
        guard isRead else { return .answered(.methodNotAllowed("GET, HEAD")) }
        let segments = pathSegments
        if segments == ["health"] { return .answered(.health(service)) }
        guard segments.count == 2, segments[0] == collection, let id = productID(segments[1])
        else { return .answered(.notFound) }
        return .product(id)
    }
}

/// A product's number as it stands in a path: digits, and not so many that they overflow.
func productID(_ segment: some StringProtocol) -> Int? {
    guard segment.utf8.count <= 9,
        segment.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(segment)
}
