// What the small client sends and gets: whole messages.
// Values of their own, good for as long as the caller likes.
public import Net

public struct ClientRequest: Sendable {
    /// A token, `GET`.
    public var method: String
    /// Path and query, `/a?b`; already encoded.
    public var target: String
    /// The Host field, `reviews:9080`.
    public var authority: String
    /// Framing, connection and host fields are the client's own and left out.
    public var fields: [HTTPField]
    public var body: [UInt8]

    public init(
        method: String = "GET", target: String, authority: String, fields: [HTTPField] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.authority = authority
        self.fields = fields
        self.body = body
    }
}

public struct ClientResponse: Sendable {
    public let status: UInt16
    public let fields: [HTTPField]
    public let body: [UInt8]

    public init(status: UInt16, fields: [HTTPField] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// The value of the first field with this name, in any case.
    public func value(of name: String) -> String? { fields.value(of: name) }
}

/// Why there is no response.
public enum ClientError: Error, CustomStringConvertible, Sendable {
    /// The request cannot be written down: its method, target or Host holds what may not be there.
    case unsendable
    case connectFailed(NetError)
    /// Nothing complete within the time given.
    case timedOut
    /// The connection ended before the response was complete.
    case closed
    case malformed(H1Error)
    case bodyTooLarge
    /// `ClientLimits.connectionsMax` are in use.
    case tooManyConnections
    /// The client was stopped.
    case stopped

    public var description: String {
        switch self {
        case .unsendable: "the request cannot be sent: bad method, target or host"
        case .connectFailed(let error): "could not connect: \(error.reason)"
        case .timedOut: "timed out"
        case .closed: "the connection was closed before the response was complete"
        case .malformed(let error): "not an HTTP/1.1 response: \(error.rule)"
        case .bodyTooLarge: "the response is too large"
        case .tooManyConnections: "too many connections to this address"
        case .stopped: "stopped"
        }
    }
}
