// An HTTP/2 endpoint a test plays: what the proxy sends is read by a session of its own, what goes
// back is either the session's or frames by hand.
// HPACK makes requests unreadable to the eye; answers need none of it, and tests break them.
import HTTP
import Net
import TLS

@testable import Proxy

final class H2Endpoint {
    typealias Kind = H2Wire.Kind
    typealias Control = H2Wire.Control

    private let send: ([UInt8]) throws -> Void
    private let receive: () throws -> [UInt8]
    let session: EndpointSession

    /// In the clear. `settings`: entries of the first SETTINGS frame beside the session's own.
    init(_ wire: Wire, limits: H2Limits = H2Limits()) throws {
        send = { try wire.send($0) }
        receive = {
            let bytes = try wire.takeNow()
            if bytes.isEmpty, wire.isEnded {
                throw Wire.Failure.ended(waitingFor: "frames", got: "")
            }
            return bytes
        }
        session = EndpointSession(role: .server, limits: limits)
        try flush()
    }

    init(_ wire: EndpointWire) throws {
        send = { try wire.send($0) }
        receive = { try wire.bytesNow() }
        session = EndpointSession(role: .server, limits: H2Limits())
        try flush()
    }

    /// Reads what has come, and sends what the session has to say to it.
    func pump() throws {
        let bytes = try receive()
        if !bytes.isEmpty { _ = bytes.withView { session.receive($0) } }
        try flush()
    }

    func flush() throws {
        var out = Buffer()
        session.takeOutput(into: &out, limit: 1 << 20)
        if !out.isEmpty { try send(out.readable.array) }
    }

    /// Waits until `ask` has an answer.
    func wait<R>(_ what: String, _ ask: () throws -> R?) throws -> R {
        try Wire.wait(for: what) {
            try self.pump()
            return try ask()
        }
    }

    /// The `number`-th request of this connection, once its head is there.
    func request(_ number: Int = 0) throws -> EndpointStream {
        try wait("request \(number)") {
            session.all.count > number && session.all[number].hasHead ? session.all[number] : nil
        }
    }

    func answer(
        _ stream: EndpointStream, status: UInt16 = 200, _ lines: String = "", body: String = "",
        trailers: String? = nil, atOnce: Bool = true
    ) throws {
        var fields = Buffer()
        fields.append(text: lines)
        let ends = body.isEmpty && trailers == nil
        session.submitResponse(stream, status: status, lines: &fields, ends: ends)
        if !ends {
            Array(body.utf8).withView { session.send($0, on: stream) }
            Array((trailers ?? "").utf8).withView { session.end(stream, trailerLines: $0) }
        }
        // Otherwise it leaves in one piece with what comes next.
        if atOnce { try flush() }
    }

    /// A frame by hand, in as many pieces as it has bytes where `split` says so.
    func frame(
        _ type: UInt8, flags: UInt8 = 0, stream: Int32, _ payload: [UInt8], split: Bool = false
    ) throws {
        let count = payload.count
        let id = UInt32(bitPattern: stream)
        let bytes: [UInt8] =
            [
                UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags,
                UInt8(id >> 24), UInt8(id >> 16 & 255), UInt8(id >> 8 & 255), UInt8(id & 255),
            ] + payload
        guard split else { return try send(bytes) }
        for byte in bytes { try send([byte]) }
    }

    func headers(
        _ stream: EndpointStream, _ fields: [(String, String)], ends: Bool = false,
        split: Bool = false
    ) throws {
        try frame(
            Kind.headers, flags: ends ? 5 : 4, stream: stream.id, H2Wire.block(fields),
            split: split)
    }

    func data(_ stream: EndpointStream, _ text: String, ends: Bool = false) throws {
        try frame(Kind.data, flags: ends ? 1 : 0, stream: stream.id, Array(text.utf8))
    }

    func reset(_ stream: EndpointStream, _ code: UInt8) throws {
        try frame(Kind.reset, stream: stream.id, [0, 0, 0, code])
    }

    /// GOAWAY: streams after `last` were not looked at.
    func goAway(last: Int32) throws {
        try frame(
            Control.goAway, stream: 0,
            [0, 0, UInt8(last >> 8 & 255), UInt8(last & 255), 0, 0, 0, 0])
    }
}

final class EndpointSession: H2Session {
    /// In the order they came; those that are over stay.
    var all: [EndpointStream] = []

    override func makeStream(id: Int32) -> H2Stream {
        let stream = EndpointStream(id: id, session: self)
        all.append(stream)
        return stream
    }
}

final class EndpointStream: H2Stream {
    var fields: [(name: String, value: String)] = []
    var trailers: [(name: String, value: String)] = []
    var hasHead = false
    var body: [UInt8] = []
    var ended = false
    var closedCode: UInt32?
    /// Body bytes are taken as they come; otherwise the sender's window stays closed.
    var takesBody = true

    func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }

    override func received(name: ByteView, value: ByteView) -> Bool {
        fields.append((name.string, value.string))
        return true
    }
    override func receivedHead(ends: Bool) {
        hasHead = true
        ended = ends
    }
    override func received(body: ByteView) {
        self.body += body.array
        if takesBody { session.consume(unconsumedBytes, of: self) }
    }
    override func receivedTrailer(name: ByteView, value: ByteView) {
        trailers.append((name.string, value.string))
    }
    override func receivedEnd() { ended = true }
    override func closed(code: UInt32) { closedCode = code }
}
