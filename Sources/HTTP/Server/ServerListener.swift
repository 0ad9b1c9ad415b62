// Takes the server's connections off its listening socket.
// Level-triggered and a few at a time, so that a flood of connections leaves the loop's other work
// its turn; without descriptors it waits instead of spinning.
import Net

final class ServerListener: Pollable {
    private static let acceptsPerRound = 16
    private static let pauseMs: UInt64 = 100
    private static let overloaded: StaticString =
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

    private let socket: ListeningSocket
    private unowned let server: HTTPServer
    private var pause = TimerID.none
    private var isStopped = false

    init(_ socket: ListeningSocket, server: HTTPServer) {
        self.socket = socket
        self.server = server
    }

    func start() throws(NetError) {
        try server.loop.addLevelTriggered(
            self, descriptor: socket.descriptor.raw, for: .readable)
    }

    func stop() {
        isStopped = true
        server.loop.timers.cancel(pause)
        server.loop.remove(descriptor: socket.descriptor.raw)
    }

    override func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerRound {
            switch Socket.accept(socket.descriptor.raw) {
            case .connection(let descriptor, let peer): take(descriptor, from: peer)
            case .gone: continue
            case .wouldBlock: return
            case .exhausted:
                server.loop.remove(descriptor: socket.descriptor.raw)
                pause = server.loop.timers.schedule(
                    afterMs: Self.pauseMs, target: self, tag: 0)
                return
            }
        }
    }

    override func timerFired(tag: UInt8) {
        if isStopped { return }
        do throws(NetError) {
            try start()
        } catch {
            pause = server.loop.timers.schedule(afterMs: Self.pauseMs, target: self, tag: 0)
        }
    }

    private func take(_ descriptor: Int32, from peer: SocketAddress) {
        guard server.connectionCount < server.limits.connectionsMax else {
            _ = IOResult.send(descriptor, ByteView(Self.overloaded))
            Socket.close(descriptor)
            return
        }
        Socket.setNoDelay(descriptor)
        ServerConnection(descriptor, peer: peer, server: server).start()
    }
}
