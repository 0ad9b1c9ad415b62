// One request over TLS, as curl would send it: what the demo's check asks its HTTPS port with.
// The answer is read to the end of the connection, so that nothing but TLS has to be understood.
public import Net
internal import TLS

public enum SecureProbe {
    public struct Answer: Sendable {
        /// `TLSv1.3`
        public let version: String
        /// `h2`, or nil where ALPN chose nothing.
        public let applicationProtocol: String?
        /// The whole answer as it came, head and body.
        public let text: String

        /// nil where it is no answer of HTTP/1.1.
        public var status: UInt16? {
            text.hasPrefix("HTTP/1.1 ") ? UInt16(text.dropFirst(9).prefix(3)) : nil
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public typealias Completion = (Result<Answer, Failure>) -> Void

    /// - Parameters:
    ///   - name: sent as SNI and Host, and what the certificate must be for.
    ///   - roots: PEM of what the certificate must lead to.
    ///   - protocols: offered by ALPN.
    ///   - completion: called once, on the loop's thread.
    public static func send(
        _ target: String, to address: SocketAddress, name: String, roots: [UInt8],
        protocols: [String], timeoutMs: UInt64, on loop: Loop, completion: @escaping Completion
    ) {
        var settings = TLSClientSettings()
        settings.trustedCA = roots
        settings.applicationProtocols = protocols
        let request =
            "GET \(target) HTTP/1.1\r\nhost: \(name):\(address.port)\r\nconnection: close\r\n\r\n"
        do {
            let tls = try TLSStream(
                TLSContext(client: settings),
                to: TLSDestination(serverName: name, acceptedNames: [name]))
            let descriptor: Int32
            switch Socket.connect(to: address) {
            case .connected(let raw), .inProgress(let raw): descriptor = raw
            case .failed(let code):
                completion(.failure(Failure(description: NetError.text(code))))
                return
            }
            let channel = ProbeChannel(
                descriptor, tls: tls, request: Array(request.utf8), loop: loop,
                completion: completion)
            try channel.start(timeoutMs: timeoutMs)
        } catch {
            completion(.failure(Failure(description: "\(error)")))
        }
    }
}

private final class ProbeChannel: SecureChannel {
    private let request: [UInt8]
    private let completion: SecureProbe.Completion
    private var answer = Buffer()
    private var timer = TimerID.none

    init(
        _ descriptor: Int32, tls: TLSStream, request: [UInt8], loop: Loop,
        completion: @escaping SecureProbe.Completion
    ) {
        self.request = request
        self.completion = completion
        super.init(descriptor, isConnecting: true, tls: tls, loop: loop)
    }

    func start(timeoutMs: UInt64) throws(NetError) {
        try start()
        timer = loop.timers.schedule(afterMs: timeoutMs, target: self, tag: 0)
    }

    override func established() {
        request.withView { send($0) }
    }

    override func received(_ bytes: ByteView) {
        answer.append(bytes)
    }

    override func ended(_ end: End) {
        loop.timers.cancel(timer)
        switch end {
        case .closed:
            completion(
                .success(
                    SecureProbe.Answer(
                        version: tls.version, applicationProtocol: tls.applicationProtocol,
                        text: answer.readable.string)))
        case .failed(let reason):
            completion(.failure(SecureProbe.Failure(description: reason)))
        }
    }

    override func timerFired(tag: UInt8) {
        close()
        completion(.failure(SecureProbe.Failure(description: "timed out")))
    }
}
