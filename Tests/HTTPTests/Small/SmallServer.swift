// A server on a loop of its own, for tests; stopped when the test lets go of it.
import Foundation
import Net
import Synchronization

@testable import HTTP

/// What two threads share: one puts the result in, the other takes it out.
private final class ResultBox<R: Sendable>: Sendable {
    let result = Mutex<R?>(nil)
}

final class SmallServer {
    let address: SocketAddress
    private var thread: LoopThread?
    private let town: Town

    /// Lives on the loop's thread, but for `server`, which only that thread touches.
    private final class Town: @unchecked Sendable {
        var server: HTTPServer?
    }

    init(
        limits: ServerLimits = ServerLimits(), name: String? = nil,
        handler: @escaping @Sendable (ServerRequest, Responder, Loop) -> Void
    ) throws {
        let socket = try ListeningSocket(on: .v4(0x7F00_0001, port: 0))
        address = socket.address
        let town = Town()
        self.town = town
        thread = try LoopThread.start(name: "test-server") { loop in
            let server = HTTPServer(loop: loop, limits: limits, name: name) {
                [unowned loop] request, responder in handler(request, responder, loop)
            }
            try? server.serve(socket)
            town.server = server
            return nil
        }
    }

    /// Answers with what it got: method, path, query, body.
    static func echo(limits: ServerLimits = ServerLimits()) throws -> SmallServer {
        try SmallServer(limits: limits) { request, responder, _ in
            let body = String(decoding: request.body, as: UTF8.self)
            responder.send(
                .text("\(request.methodName) \(request.path) [\(request.query)] \(body)"))
        }
    }

    /// Runs work on the server's thread and waits for it.
    func onLoop<R: Sendable>(_ work: @escaping @Sendable (HTTPServer) -> R) -> R? {
        let done = DispatchSemaphore(value: 0)
        let box = ResultBox<R>()
        let town = town
        thread?.mailbox.post { _ in
            if let server = town.server {
                let value = work(server)
                box.result.withLock { $0 = value }
            }
            done.signal()
        }
        _ = done.wait(timeout: .now() + 5)
        return box.result.withLock { $0 }
    }

    func peer() throws -> RawPeer {
        guard let peer = RawPeer(to: address) else { throw CocoaError(.fileReadUnknown) }
        return peer
    }

    deinit {
        thread.take()?.stop()
    }
}

/// Calls back once, after a while.
final class Alarm: TimerTarget {
    private let ring: () -> Void

    init(_ loop: Loop, afterMs: UInt64, _ ring: @escaping () -> Void) {
        self.ring = ring
        super.init()
        _ = loop.timers.schedule(afterMs: afterMs, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) { ring() }
}
