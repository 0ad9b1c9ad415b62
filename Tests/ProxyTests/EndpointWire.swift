// The endpoint's end of a TLS connection: a wire with a server's stream on it.
// The test drives the handshake itself, so that it can stop, refuse or answer at any byte.
import Net
import TLS

@testable import Proxy

final class EndpointWire {
    struct Refused: Error { let error: TLSError }

    let wire: Wire
    let stream: TLSStream
    private var plain = Buffer()
    private var ended = false

    /// Shakes hands; throws where either side refuses.
    init(_ wire: Wire, _ context: TLSContext) throws {
        self.wire = wire
        stream = try TLSStream(context)
        try Wire.wait(for: "a handshake") { try self.shake() ? () : nil }
    }

    private func shake() throws -> Bool {
        let bytes = try wire.takeNow()
        if bytes.isEmpty {
            if wire.isEnded { throw Wire.Failure.ended(waitingFor: "a handshake", got: "") }
            return false
        }
        var out = Buffer()
        var offset = 0
        let progress = bytes.withView { stream.handshake($0, offset: &offset, out: &out) }
        try? wire.send(out.readable.array)
        if case .failed(let error) = progress { throw Refused(error: error) }
        guard progress == .ready else { return false }
        try decrypt(Array(bytes[offset...]))
        return true
    }

    private func decrypt(_ bytes: [UInt8]) throws {
        var out = Buffer()
        switch bytes.withView({ stream.decrypt($0, into: &plain, out: &out) }) {
        case .ended: ended = true
        case .failed(let error): throw Refused(error: error)
        case .needMore, .ready: break
        }
        if !out.isEmpty { try wire.send(out.readable.array) }
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        var out = Buffer()
        _ = bytes.withView { stream.encrypt($0, out: &out) }
        try wire.send(out.readable.array)
    }

    func read(to mark: String) throws -> String {
        try Wire.wait(for: mark) {
            try self.decrypt(self.wire.takeNow())
            let text = self.plain.readable.string
            guard let range = text.firstRange(of: mark) else {
                if self.ended || self.wire.isEnded {
                    throw Wire.Failure.ended(waitingFor: mark, got: text)
                }
                return nil
            }
            let taken = String(text[..<range.upperBound])
            self.plain.consume(taken.utf8.count)
            return taken
        }
    }

    /// What has come by now.
    func bytesNow() throws -> [UInt8] {
        try decrypt(wire.takeNow())
        let bytes = plain.readable.array
        plain.removeAll()
        if bytes.isEmpty, ended || wire.isEnded {
            throw Wire.Failure.ended(waitingFor: "bytes", got: "")
        }
        return bytes
    }

    func readHead() throws -> String { try read(to: "\r\n\r\n") }
}
