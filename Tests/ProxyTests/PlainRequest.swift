// The request and the answer that most tests need: the shortest there are, always the same.
// What a test wants of them is a connection that serves; what is on it is another test's matter.
import Mesh
import Testing

enum PlainRequest {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
}

extension Wire {
    /// A client that has sent `PlainRequest.get` and now reads the endpoint's `ok`.
    func readOK(sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        #expect(
            try readHead().hasPrefix("HTTP/1.1 200 OK\r\n"), sourceLocation: sourceLocation)
        #expect(try read(count: 2) == "ok", sourceLocation: sourceLocation)
    }

    /// An endpoint that reads the first request of a connection, without a body, and answers it.
    func serve(_ speaks: Cluster.UpstreamProtocol = .http1) throws {
        if speaks == .http2 {
            let endpoint = try H2Endpoint(self)
            try endpoint.answerOK(try endpoint.request())
        } else {
            _ = try readHead()
            try send(PlainRequest.ok)
        }
    }
}

extension H2Endpoint {
    /// What `PlainRequest.ok` is over HTTP/1.1.
    func answerOK(_ stream: EndpointStream) throws {
        try answer(stream, "content-length: 2\r\n", body: "ok")
    }
}
