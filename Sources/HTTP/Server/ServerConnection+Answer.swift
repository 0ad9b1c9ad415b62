// Writing responses: status line, fields, and a body framed so that its end is never in doubt.
// Handlers give status, fields and bytes; nothing they say can change the framing.
import Net

extension ServerConnection {
    /// Writes a whole response.
    func answer(_ response: ServerResponse, isHead: Bool) {
        guard phase == .answering else { return }
        appendHead(response)
        // RFC 9110 section 8.6: none in 1xx and 204; in 304 it would speak of the other body.
        if response.status != 204 && response.status != 304 {
            output.append("content-length: ")
            output.append(decimal: UInt64(response.body.count))
            output.append("\r\n")
        }
        endHead()
        let hasBody = !isHead && response.status != 204 && response.status != 304
        if hasBody { output.append(response.body) }
        finishAnswer()
    }

    /// Writes the head of a response whose length is not known: in chunks, or, for HTTP/1.0, until
    /// the connection closes.
    func beginStream(_ response: ServerResponse, isHead: Bool) {
        guard phase == .answering else { return }
        if isOldClient { closeAfterThis() }
        appendHead(response)
        if !isOldClient { output.append("transfer-encoding: chunked\r\n") }
        endHead()
        if !isHead { writeStream(response.body) }
    }

    func writeStream(_ bytes: [UInt8]) {
        guard phase == .answering, !bytes.isEmpty else { return }
        if isOldClient {
            output.append(bytes)
        } else {
            bytes.withView { output.appendChunk($0) }
        }
        flush()
    }

    /// Goes on with `next` each time `output` is empty; see `flush`.
    func pullStream(_ next: @escaping () -> [UInt8]?, isHead: Bool) {
        guard phase == .answering else { return }
        if isHead {
            endStream(isHead: true)
            return
        }
        source = next
        flush()
        advance()
    }

    /// Another piece of a pulled stream into `output`. - Returns: false when there is none.
    func pull() -> Bool {
        guard let next = source else { return false }
        while let piece = next() {
            if piece.isEmpty { continue }
            if isOldClient {
                output.append(piece)
            } else {
                piece.withView { output.appendChunk($0) }
            }
            return true
        }
        source = nil
        endStream(isHead: false)
        return false
    }

    func endStream(isHead: Bool) {
        guard phase == .answering else { return }
        if !isOldClient && !isHead { output.appendLastChunk() }
        finishAnswer()
    }

    private func appendHead(_ response: ServerResponse) {
        output.append("HTTP/1.1 ")
        output.append(decimal: UInt64(response.status))
        output.append(" ")
        output.append(StatusReason.phrase(response.status))
        output.append("\r\n")
        for field in response.fields where field.isSendable && !Self.isOurs(field) {
            append(field)
        }
        if let name = server.name { append(HTTPField("server", name)) }
        output.append("date: ")
        server.appendDate(to: &output)
        output.append("\r\n")
    }

    private func endHead() {
        if willClose {
            output.append("connection: close\r\n")
        } else if isOldClient {
            output.append("connection: keep-alive\r\n")
        }
        output.append("\r\n")
    }

    private func append(_ field: HTTPField) {
        output.append(text: field.name)
        output.append(": ")
        output.append(text: field.value)
        output.append("\r\n")
    }

    /// Fields that decide where a message ends, or that the server writes itself.
    private static func isOurs(_ field: HTTPField) -> Bool {
        ["content-length", "transfer-encoding", "connection", "date", "keep-alive", "upgrade"]
            .contains { field.isCalled($0) }
    }
}
