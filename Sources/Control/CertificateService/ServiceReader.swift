// Reads of pages with HTTP/1.1: for clients that have no HTTP/2, one request a connection.
internal import HTTP
internal import Net

final class ServiceReader {
    private unowned let connection: ServiceConnection
    private var bytes = Buffer()
    private var parser = H1RequestParser()
    private let head = RequestHead()
    private let limits = HTTPLimits()
    private var isAnswered = false

    init(_ connection: ServiceConnection) {
        self.connection = connection
    }

    func received(_ more: ByteView) {
        guard !isAnswered else { return }
        bytes.append(more)
        switch parser.feed(bytes.readable, into: head, limits: limits) {
        case .needMore: return
        case .failed: answer(400, "text/plain", Array("bad request\n".utf8))
        case .complete(let count):
            guard head.adopt(bytes.readable.prefix(count)) == nil else {
                answer(400, "text/plain", Array("bad request\n".utf8))
                return
            }
            guard head.method == .get else {
                answer(405, "text/plain", Array("GET, or gRPC over HTTP/2\n".utf8))
                return
            }
            let page = connection.server.page(at: head.pathBytes.string)
            answer(page.status, page.type, page.body)
        }
    }

    private func answer(_ status: UInt16, _ type: String, _ body: [UInt8]) {
        isAnswered = true
        var out = Buffer()
        out.append(
            text: "HTTP/1.1 \(status) \(StatusReason.phrase(status))\r\ncontent-type: \(type)\r\n"
                + "content-length: \(body.count)\r\nconnection: close\r\n\r\n")
        out.append(body)
        connection.send(out.readable)
        connection.finish()
    }
}
