// A whole response, as handlers make it; how it is framed is the connection's business.

public struct ServerResponse: Sendable {
    public var status: UInt16
    /// Framing and connection fields are left out when the response is sent, the server writes its
    /// own; so are fields that cannot stand in a head.
    public var fields: [HTTPField]
    public var body: [UInt8]

    public init(status: UInt16 = 200, fields: [HTTPField] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    public init(status: UInt16 = 200, contentType: String, body: [UInt8]) {
        self.init(
            status: status, fields: [HTTPField("content-type", contentType)], body: body)
    }

    public static func text(_ text: String, status: UInt16 = 200) -> ServerResponse {
        ServerResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    public static func html(_ text: String, status: UInt16 = 200) -> ServerResponse {
        ServerResponse(
            status: status, contentType: "text/html; charset=utf-8", body: Array(text.utf8))
    }

    /// - Parameter text: JSON, written by the caller.
    public static func json(_ text: String, status: UInt16 = 200) -> ServerResponse {
        ServerResponse(status: status, contentType: "application/json", body: Array(text.utf8))
    }

    public static func redirect(to location: String, status: UInt16 = 302) -> ServerResponse {
        ServerResponse(status: status, fields: [HTTPField("location", location)])
    }
}
