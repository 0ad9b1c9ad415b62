// Writing answers as HTTP/1.1: start line, the framing of the body, chunks.
import HTTP
import Net

extension ClientConnection {
    func writeStatusLine(_ status: UInt16, _ reason: ByteView) {
        let loop = worker.loop
        loop.outgoing.removeAll()
        loop.outgoing.append("HTTP/1.1 ")
        loop.outgoing.append(decimal: UInt64(status))
        loop.outgoing.append(0x20)
        loop.outgoing.append(reason)
        loop.outgoing.append("\r\n")
    }

    func writeHeadEnd(framing: BodyFraming, closes: Bool, upgrade: ByteView?) {
        let loop = worker.loop
        if let upgrade {
            loop.outgoing.append("connection: upgrade\r\nupgrade: ")
            loop.outgoing.append(upgrade)
            loop.outgoing.append("\r\n\r\n")
            return
        }
        switch framing {
        case .chunked, .untilClose:
            sendsChunked = true
            loop.outgoing.append("transfer-encoding: chunked\r\n")
        case .none, .length: sendsChunked = false
        }
        if closes { loop.outgoing.append("connection: close\r\n") }
        loop.outgoing.append("\r\n")
    }

    func writeBody(_ bytes: ByteView) {
        let loop = worker.loop
        if sendsChunked {
            loop.outgoing.appendChunk(bytes)
            if loop.outgoing.count >= Loop.scratchBytes { flushGathered() }
            return
        }
        // Short bodies travel with their head in one write; long ones from where they were read.
        if !loop.outgoing.isEmpty {
            if loop.outgoing.count + bytes.count <= Loop.scratchBytes {
                loop.outgoing.append(bytes)
                return
            }
            flushGathered()
        }
        write(bytes)
    }

    func writeBodyEnd(_ decoder: borrowing ChunkedDecoder) {
        if sendsChunked {
            worker.loop.outgoing.append("0\r\n")
            decoder.appendTrailers(to: &worker.loop.outgoing)
            worker.loop.outgoing.append("\r\n")
        }
        flushGathered()
    }

    func flushGathered() {
        let loop = worker.loop
        guard !loop.outgoing.isEmpty else { return }
        write(loop.outgoing.readable)
        loop.outgoing.removeAll()
    }
}
