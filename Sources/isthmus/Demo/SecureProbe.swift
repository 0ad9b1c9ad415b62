// One request over TLS, as curl would send it: what the demo's check asks its HTTPS port with.
// The answer is read to the end of the connection, so that nothing but TLS has to be understood.
import HTTP
import Net
import TLS

final class SecureProbe: Pollable {
    struct Answer {
        /// `TLSv1.3`
        let version: String
        /// `h2`, or nil where ALPN chose nothing.
        let applicationProtocol: String?
        /// The whole answer as it came, head and body.
        let text: String

        var status: UInt16? {
            text.hasPrefix("HTTP/1.1 ") ? UInt16(text.dropFirst(9).prefix(3)) : nil
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    typealias Completion = (Result<Answer, Failure>) -> Void

    private let loop: Loop
    private let request: [UInt8]
    private let stream: TLSStream
    private var descriptor: Int32
    private var completion: Completion?
    private var output = Buffer()
    private var plain = Buffer()
    private var timer = TimerID.none

    private init(
        _ descriptor: Int32, stream: TLSStream, request: [UInt8], loop: Loop,
        completion: @escaping Completion
    ) {
        self.descriptor = descriptor
        self.stream = stream
        self.request = request
        self.loop = loop
        self.completion = completion
        super.init()
    }

    /// - Parameters:
    ///   - name: sent as SNI and Host, and what the certificate must be for.
    ///   - roots: PEM of what the certificate must lead to.
    ///   - protocols: offered by ALPN.
    ///   - completion: called once, on the loop's thread.
    static func send(
        _ target: String, to address: SocketAddress, name: String, roots: [UInt8],
        protocols: [String] = ["http/1.1"], timeoutMs: UInt64 = 10_000, on loop: Loop,
        completion: @escaping Completion
    ) {
        var settings = TLSClientSettings()
        settings.trustedCA = roots
        settings.applicationProtocols = protocols
        let request =
            "GET \(target) HTTP/1.1\r\nhost: \(name):\(address.port)\r\nconnection: close\r\n\r\n"
        do {
            let stream = try TLSStream(
                TLSContext(client: settings),
                to: TLSDestination(serverName: name, acceptedNames: [name]))
            let descriptor: Int32
            switch Socket.connect(to: address) {
            case .connected(let raw), .inProgress(let raw): descriptor = raw
            case .failed(let code):
                completion(.failure(Failure(description: NetError.text(code))))
                return
            }
            let probe = SecureProbe(
                descriptor, stream: stream, request: Array(request.utf8), loop: loop,
                completion: completion)
            try loop.add(probe, descriptor: descriptor, for: .stream)
            probe.timer = loop.timers.schedule(afterMs: timeoutMs, target: probe, tag: 0)
            probe.shake(.empty)
        } catch {
            completion(.failure(Failure(description: "\(error)")))
        }
    }

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            let code = Socket.pendingError(descriptor)
            end(.failure(Failure(description: NetError.text(code))))
            return
        }
        if readiness.contains(.writable) { flush() }
        guard !readiness.isDisjoint(with: [.readable, .peerClosed, .hangup]) else { return }
        while completion != nil {
            loop.ciphertext.removeAll()
            switch loop.ciphertext.fill(from: descriptor, limit: Loop.scratchBytes) {
            case .bytes: received(loop.ciphertext.readable)
            case .wouldBlock: return
            case .end, .failed: finish()
            }
        }
    }

    override func timerFired(tag: UInt8) {
        end(.failure(Failure(description: "timed out")))
    }

    private func received(_ bytes: ByteView) {
        if !stream.isReady {
            shake(bytes)
            return
        }
        let progress = stream.decrypt(bytes, into: &plain, out: &output)
        flush()
        switch progress {
        case .ended: finish()
        case .failed(let error): end(.failure(Failure(description: "\(error)")))
        case .needMore, .ready: return
        }
    }

    private func shake(_ bytes: ByteView) {
        var offset = 0
        switch stream.handshake(bytes, offset: &offset, out: &output) {
        case .failed(let error): end(.failure(Failure(description: "\(error)")))
        case .ended: end(.failure(Failure(description: "the handshake was ended")))
        case .needMore: flush()
        case .ready:
            request.withView { _ = stream.encrypt($0, out: &output) }
            flush()
            let rest = bytes.suffix(from: offset)
            if rest.count > 0 { received(rest) }
        }
    }

    private func flush() {
        while !output.isEmpty {
            switch output.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock, .end, .failed: return
            }
        }
    }

    private func finish() {
        guard stream.isReady else {
            end(.failure(Failure(description: "the connection was closed in the handshake")))
            return
        }
        end(
            .success(
                Answer(
                    version: stream.version, applicationProtocol: stream.applicationProtocol,
                    text: plain.readable.string)))
    }

    private func end(_ result: Result<Answer, Failure>) {
        guard let completion else { return }
        self.completion = nil
        loop.timers.cancel(timer)
        loop.forget(descriptor: descriptor)
        Socket.close(descriptor)
        completion(result)
    }
}
