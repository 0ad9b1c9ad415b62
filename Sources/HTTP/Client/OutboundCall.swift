// One request on its way to its response.
// It outlives the connection it is on: a retry takes it to another one with the time that is left.
import Net

final class OutboundCall {
    let request: ClientRequest
    let address: SocketAddress
    let method: HTTPMethod
    /// Loop milliseconds.
    let deadlineMs: UInt64
    var mayRetry: Bool
    private var completion: HTTPClient.Completion?

    init(
        _ request: ClientRequest, address: SocketAddress, deadlineMs: UInt64,
        completion: @escaping HTTPClient.Completion
    ) {
        self.request = request
        self.address = address
        self.deadlineMs = deadlineMs
        self.completion = completion
        method = Array(request.method.utf8).withView { HTTPMethod($0) }
        mayRetry = method.isIdempotent
    }

    func complete(_ result: Result<ClientResponse, ClientError>) {
        guard let completion else { return }
        self.completion = nil
        completion(result)
    }

    /// Whether start line and Host are one token each, so that nothing in them can begin a line.
    var isSendable: Bool {
        !request.method.isEmpty && request.method.utf8.allSatisfy(H1Scanner.isToken)
            && request.target.utf8.first == UInt8(ascii: "/")
            && request.target.utf8.allSatisfy(H1Scanner.isTarget)
            && Array(request.authority.utf8).withView { H1Scanner.isAuthority($0) }
    }

    func append(to out: inout Buffer) {
        out.append(text: request.method)
        out.append(" ")
        out.append(text: request.target)
        out.append(" HTTP/1.1\r\nhost: ")
        out.append(text: request.authority)
        out.append("\r\n")
        for field in request.fields where field.isSendable && !Self.isOurs(field) {
            out.append(text: field.name)
            out.append(": ")
            out.append(text: field.value)
            out.append("\r\n")
        }
        // RFC 9110 section 8.6: methods that have a body by their meaning say so when it is empty.
        let anticipatesBody = method == .post || method == .put || method == .patch
        if !request.body.isEmpty || anticipatesBody {
            out.append("content-length: ")
            out.append(decimal: UInt64(request.body.count))
            out.append("\r\n")
        }
        out.append("\r\n")
        out.append(request.body)
    }

    private static func isOurs(_ field: HTTPField) -> Bool {
        [
            "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade",
            "te", "trailer", "expect", "proxy-connection",
        ].contains { field.isCalled($0) }
    }
}
