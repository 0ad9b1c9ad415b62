// `/headers` on every service: the fields of the request as they arrived, as httpbin's has it.
// It shows what proxies on the way added; Istio's Bookinfo has none, and a mesh is hard to see
// without.
import HTTP

enum Headers {
    static let path = "/headers"

    static func answer(_ request: ServerRequest) -> ServerResponse {
        guard request.isRead else { return .methodNotAllowed("GET, HEAD") }
        return .json(.object([("headers", object(of: request))]))
    }

    /// Names in lower case, in the order they came; values of one name joined.
    static func object(of request: ServerRequest) -> JSONValue {
        var names: [String] = []
        var values: [String: String] = [:]
        for field in [HTTPField("host", request.authority)] + request.fields {
            let name = field.name.lowercased()
            if name == "host", values[name] != nil { continue }
            if let before = values[name] {
                values[name] = "\(before), \(field.value)"
            } else {
                names.append(name)
                values[name] = field.value
            }
        }
        return .object(names.map { ($0, .string(values[$0] ?? "")) })
    }
}
