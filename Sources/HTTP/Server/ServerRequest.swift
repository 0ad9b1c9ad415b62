// A whole request, as handlers see it: values of their own, good for as long as they like.
public import Net

public struct ServerRequest: Sendable {
    public let method: HTTPMethod
    /// `GET`; for methods that `HTTPMethod` does not tell apart.
    public let methodName: String
    /// As sent, without the query; not decoded.
    public let path: String
    /// What follows the `?`, as sent; empty where there is none.
    public let query: String
    /// The Host, with its port.
    public let authority: String
    public let fields: [HTTPField]
    public let body: [UInt8]
    public let peer: SocketAddress

    public init(
        method: HTTPMethod = .get, methodName: String = "GET", path: String, query: String = "",
        authority: String = "", fields: [HTTPField] = [], body: [UInt8] = [],
        peer: SocketAddress
    ) {
        self.method = method
        self.methodName = methodName
        self.path = path
        self.query = query
        self.authority = authority
        self.fields = fields
        self.body = body
        self.peer = peer
    }

    init(_ head: RequestHead, body: [UInt8], peer: SocketAddress) {
        let target = head.pathBytes
        let mark = target.index(of: 0x3F)
        let path = mark < 0 ? target : target.prefix(mark)
        // In absolute-form the path may be empty (RFC 9110 section 4.2.3).
        self.init(
            method: head.method, methodName: head.methodBytes.string,
            path: path.isEmpty ? "/" : path.string,
            query: mark < 0 ? "" : target.suffix(from: mark + 1).string,
            authority: head.authorityBytes.string,
            fields: head.fields.map {
                HTTPField(head.name($0).string, head.value($0).string)
            },
            body: body, peer: peer)
    }

    /// The value of the first field with this name, in any case.
    public func value(of name: String) -> String? { fields.value(of: name) }

    /// The pairs of the query.
    public var queryItems: [FormItem] { FormItem.parse(query) }

    /// The pairs of an `application/x-www-form-urlencoded` body; none for any other body.
    public var form: [FormItem] {
        let type = value(of: "content-type")?.split(separator: ";").first
        guard let type, type.lowercased() == "application/x-www-form-urlencoded" else {
            return []
        }
        return FormItem.parse(String(decoding: body, as: UTF8.self))
    }
}
