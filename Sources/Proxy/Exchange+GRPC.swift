// What is different about calls of gRPC: how they are told, and how a proxy's own answer reaches
// their clients, who read a status behind HTTP's (gRPC over HTTP/2, "Responses").
import HTTP
import Net
import Telemetry

extension Exchange {
    /// `application/grpc`, alone or with a suffix or parameters. grpc-web is another protocol.
    var saysGRPC: Bool {
        guard let type = request.value(of: .contentType), type.hasPrefix("application/grpc") else {
            return false
        }
        return type.count == 16 || type[16] == 0x2b || type[16] == 0x3b
    }

    /// The number in grpc-status; -1 where there is none.
    func noteGRPCStatus(in trailers: ByteView) {
        if let value = response.value(named: ByteView("grpc-status"))?.decimal() {
            grpcStatus = value
            return
        }
        var start = 0
        while start < trailers.count {
            let end = trailers.index(of: 0x0d, from: start)
            guard end > start else { return }
            let line = trailers.slice(start, end - start)
            if line.hasPrefixIgnoringCase("grpc-status:") {
                grpcStatus = line.suffix(from: 12).trimmed().decimal() ?? -1
                return
            }
            start = end + 2
        }
    }

    /// The status a call gets for HTTP's (gRPC's "HTTP to gRPC Status Code Mapping").
    static func grpcStatus(for status: UInt16) -> Int {
        switch status {
        case 400: 13
        case 401: 16
        case 403: 7
        case 404: 12
        case 429, 502, 503, 504: 14
        default: 2
        }
    }

    /// The answer's status as outlier detection sees it: an answer that is a call's end at once has
    /// its status among its fields, and counts as HTTP's status for that (Envoy's
    /// grpcToHttpStatus).
    var healthStatus: UInt16 {
        guard isGRPC,
            let status = response.value(named: ByteView("grpc-status"))?.decimal()
        else { return response.status }
        switch status {
        case 0: return 200
        case 1: return 499
        case 3, 9, 11: return 400
        case 4: return 504
        case 5: return 404
        case 6, 10: return 409
        case 7: return 403
        case 8: return 429
        case 12: return 501
        case 14: return 503
        case 16: return 401
        default: return 500
        }
    }

    /// Answers a call: HTTP's 200 with the status that counts among the fields, and no body.
    func replyToCall(_ client: ClientStream, message: [UInt8], closes: Bool) {
        let loop = worker.loop
        status = 200
        answerBegan = true
        client.beginHead(status: 200, reason: ByteView("OK"))
        loop.outgoing.append("content-type: application/grpc\r\ngrpc-status: ")
        loop.outgoing.append(decimal: UInt64(grpcStatus))
        if !message.isEmpty {
            loop.outgoing.append("\r\ngrpc-message: ")
            message.withView { loop.outgoing.appendPercentEncoded($0) }
        }
        loop.outgoing.append("\r\n")
        // An HTTP/1.1 client would wait for a body that has no end.
        if !request.isHTTP2 { loop.outgoing.append("content-length: 0\r\n") }
        writeDate()
        writeServer()
        client.endHead(status: 200, framing: .none, closes: closes, upgrade: nil)
        client.endBody(ChunkedDecoder())
    }
}

extension Buffer {
    /// All but printable ASCII other than `%`, as `%XX` (gRPC over HTTP/2, "Status-Message").
    fileprivate mutating func appendPercentEncoded(_ text: ByteView) {
        for index in 0..<text.count {
            let byte = text[index]
            if byte >= 0x20, byte <= 0x7e, byte != 0x25 {
                append(byte)
            } else {
                append(0x25)
                let digits = Array("0123456789ABCDEF".utf8)
                append(digits[Int(byte >> 4)])
                append(digits[Int(byte & 15)])
            }
        }
    }
}
