// Request methods as the proxy tells them apart; routing compares their bytes.
public import Net

@frozen
public enum HTTPMethod: UInt8, Sendable {
    case get, head, post, put, delete, connect, options, trace, patch, other

    public init(_ bytes: ByteView) {
        switch bytes.count {
        case 3: self = bytes.equals("GET") ? .get : bytes.equals("PUT") ? .put : .other
        case 4: self = bytes.equals("POST") ? .post : bytes.equals("HEAD") ? .head : .other
        case 5: self = bytes.equals("PATCH") ? .patch : bytes.equals("TRACE") ? .trace : .other
        case 6: self = bytes.equals("DELETE") ? .delete : .other
        case 7:
            self = bytes.equals("OPTIONS") ? .options : bytes.equals("CONNECT") ? .connect : .other
        default: self = .other
        }
    }

    /// RFC 9110 section 9.2.2: may be sent again without being asked.
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .connect, .patch, .other: false
        }
    }
}
