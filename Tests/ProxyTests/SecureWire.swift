// A TLS client a test plays itself, on a Wire: it offers what the test says and shows what it has.
// Plain bytes in and out; how the connection ended is told apart as TLS tells it.
import Net
import TLS

final class SecureWire {
    /// How the peer's bytes ended.
    enum End: Equatable { case goodbye, cut, reset, failed }

    let wire: Wire
    let stream: TLSStream
    private var plain: [UInt8] = []
    private(set) var end: End?

    /// Begins; the handshake goes on with every other call.
    init(
        _ wire: Wire, _ certificates: MeshCertificates, _ workload: MeshCertificates.Workload?,
        protocols: [String] = [], maxVersion: TLSVersion = .v13
    ) throws {
        self.wire = wire
        var settings = TLSClientSettings()
        settings.trustedCA = certificates.roots
        settings.identity = workload?.identity
        settings.applicationProtocols = protocols
        settings.maxVersion = maxVersion
        stream = try TLSStream(try TLSContext(client: settings))
        shake(.empty)
    }

    /// Waits for the end of the handshake, as far as a client sees it.
    @discardableResult
    func shaken() throws -> SecureWire {
        try Wire.wait(for: "a handshake") {
            try self.pump()
            return self.stream.isReady || self.end != nil ? () : nil
        }
        return self
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// Waits for the end of the handshake first.
    func send(_ bytes: [UInt8]) throws {
        try shaken()
        var cipher = Buffer()
        _ = bytes.withView { stream.encrypt($0, out: &cipher) }
        try wire.send(cipher.readable.array)
    }

    /// Ends as one who says nothing of it.
    func finishWithoutGoodbye() { wire.finishSending() }

    /// close_notify, then FIN.
    func sayGoodbye() throws {
        var cipher = Buffer()
        stream.sayGoodbye(out: &cipher)
        try wire.send(cipher.readable.array)
        wire.finishSending()
    }

    /// Takes bytes that the test has taken from the wire.
    func received(_ bytes: [UInt8]) throws {
        bytes.withView { view in
            if stream.isReady { decrypt(view) } else { shake(view) }
        }
    }

    func read(to mark: String) throws -> String {
        try Wire.wait(for: mark) {
            try self.pump()
            if let range = self.text.firstRange(of: mark) {
                return self.take(self.text[..<range.upperBound].utf8.count)
            }
            if let end = self.end { throw Ended(how: end, got: self.text) }
            return nil
        }
    }

    func readHead() throws -> String { try read(to: "\r\n\r\n") }

    /// What comes until the end, and how that was.
    func readToEnd() throws -> (text: String, end: End) {
        try Wire.wait(for: "the end") {
            try self.pump()
            return self.end.map { (self.text, $0) }
        }
    }

    /// Whether nothing has ended it by now.
    func isOpen() throws -> Bool {
        try pump()
        return end == nil
    }

    struct Ended: Error {
        let how: End
        let got: String
    }

    private var text: String { String(decoding: plain, as: UTF8.self) }

    private func take(_ count: Int) -> String {
        let taken = String(decoding: plain.prefix(count), as: UTF8.self)
        plain.removeFirst(count)
        return taken
    }

    private func shake(_ bytes: ByteView) {
        var out = Buffer()
        var offset = 0
        let progress = stream.handshake(bytes, offset: &offset, out: &out)
        // A server that has gone takes no alert.
        if !out.isEmpty { try? wire.send(out.readable.array) }
        if case .failed = progress { end = .failed }
        let rest = bytes.suffix(from: offset)
        if stream.isReady, rest.count > 0 { decrypt(rest) }
    }

    private func decrypt(_ bytes: ByteView) {
        var out = Buffer()
        var answer = Buffer()
        switch stream.decrypt(bytes, into: &out, out: &answer) {
        case .ended: end = .goodbye
        case .failed: end = .failed
        case .needMore, .ready: break
        }
        plain += out.readable.array
    }

    private func pump() throws {
        let bytes = try wire.takeNow()
        if !bytes.isEmpty { try received(bytes) }
        guard end == nil, let how = wire.end else { return }
        end = how == .reset ? .reset : .cut
    }
}
