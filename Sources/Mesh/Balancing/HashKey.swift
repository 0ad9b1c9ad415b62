// What a request is hashed by (Istio's ConsistentHashLB): a field, a cookie, the client's address
// or a query parameter. Names are bytes, as the request path compares them.

public enum HashKey: Sendable, Equatable {
    /// Lower case.
    case header([UInt8])
    case cookie(HashCookie)
    /// The only one that bytes have, too.
    case sourceAddress
    case queryParameter([UInt8])
}

/// The cookie that sticks a client to an endpoint.
public struct HashCookie: Sendable, Equatable {
    public let name: [UInt8]
    /// What follows the value in `set-cookie`: `; Max-Age=60; Path=/; HttpOnly`. Nil: requests
    /// without the cookie go anywhere, and none is made.
    public let attributes: [UInt8]?

    public init(name: [UInt8], attributes: [UInt8]?) {
        self.name = name
        self.attributes = attributes
    }
}
