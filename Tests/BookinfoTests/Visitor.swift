// A visitor of the demo application: whole requests over real sockets, a cookie where wanted.
import Bookinfo
import Dispatch
import Foundation
import HTTP
import Net
import Synchronization

/// What two threads share: one puts the answer in, the other takes it out.
private final class AnswerBox: Sendable {
    let answer = Mutex<Result<ClientResponse, ClientError>?>(nil)
}

struct NoAnswer: Error {}

final class Visitor {
    private var thread: LoopThread?
    private let town = Town()

    private final class Town: @unchecked Sendable {
        var client: HTTPClient?
    }

    init() throws {
        let town = town
        thread = try LoopThread.start(name: "visitor") { loop in
            town.client = HTTPClient(loop: loop)
            return nil
        }
    }

    deinit { thread.take()?.stop() }

    /// Begins a request; the answer is waited for by calling what comes back.
    func begin(
        _ method: String = "GET", _ target: String, at address: SocketAddress,
        fields: [HTTPField] = [], body: String = ""
    ) -> @Sendable () throws -> ClientResponse {
        let done = DispatchSemaphore(value: 0)
        let box = AnswerBox()
        let town = town
        let request = ClientRequest(
            method: method, target: target, authority: "test", fields: fields,
            body: Array(body.utf8))
        thread?.mailbox.post { _ in
            town.client?.send(request, to: address, timeoutMs: 15_000) { answer in
                box.answer.withLock { $0 = answer }
                done.signal()
            }
        }
        return {
            _ = done.wait(timeout: .now() + 20)
            guard let answer = box.answer.withLock({ $0 }) else { throw NoAnswer() }
            return try answer.get()
        }
    }

    func visit(
        _ method: String = "GET", _ target: String, at address: SocketAddress,
        fields: [HTTPField] = [], body: String = ""
    ) throws -> ClientResponse {
        try begin(method, target, at: address, fields: fields, body: body)()
    }
}

extension ClientResponse {
    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> Any {
        try JSONSerialization.jsonObject(with: Data(body), options: [.fragmentsAllowed])
    }

    func object() throws -> [String: Any] {
        guard let object = try json() as? [String: Any] else { throw NoAnswer() }
        return object
    }
}

/// A service that answers as a test says, and remembers what it was asked.
final class FakeService {
    let address: SocketAddress
    private var thread: LoopThread?
    private let heard: Heard

    private final class Heard: Sendable {
        let requests = Mutex<[ServerRequest]>([])
    }

    /// - Parameter answer: gets the number of the request, from 0; nil answers nothing for long.
    init(
        delayMs: UInt64 = 0,
        _ answer: @escaping @Sendable (Int, ServerRequest) -> ServerResponse
    ) throws {
        let socket = try ListeningSocket(on: .v4(0x7F00_0001, port: 0))
        address = socket.address
        let heard = Heard()
        self.heard = heard
        thread = try LoopThread.start(name: "fake") { loop in
            let server = HTTPServer(loop: loop) { [unowned loop] request, responder in
                let number = heard.requests.withLock { requests in
                    requests.append(request)
                    return requests.count - 1
                }
                if delayMs == 0 {
                    responder.send(answer(number, request))
                } else {
                    Alarm.set(loop, afterMs: delayMs) {
                        responder.send(answer(number, request))
                    }
                }
            }
            try? server.serve(socket)
            return server
        }
    }

    deinit { thread.take()?.stop() }

    var requests: [ServerRequest] { heard.requests.withLock { $0 } }

    func callee(_ name: String) -> Callee? {
        Callee(authority: "\(name):9080", addresses: [address])
    }
}

private final class Alarm: TimerTarget {
    private let ring: () -> Void

    private init(_ ring: @escaping () -> Void) { self.ring = ring }

    static func set(_ loop: Loop, afterMs: UInt64, _ ring: @escaping () -> Void) {
        _ = loop.timers.schedule(afterMs: afterMs, target: Alarm(ring), tag: 0)
    }

    override func timerFired(tag: UInt8) { ring() }
}
