// tcp-echo's door: takes connections and gives each one its echo.
// Istio's tutorials on TCP need a server that speaks no HTTP and says which version it is.
import HTTP
import Net

final class EchoListener: Pollable {
    static let connectionsMax = 1024
    private static let acceptsPerRound = 16
    private static let pauseMs: UInt64 = 100

    let prefix: [UInt8]
    /// Ends before its loop does, and everything watched with it.
    unowned let loop: Loop
    private let socket: ListeningSocket
    /// Connections open now.
    var connectionCount = 0

    /// - Parameter prefix: stands before every line that goes back.
    init(_ socket: ListeningSocket, prefix: [UInt8], loop: Loop) {
        self.socket = socket
        self.prefix = prefix
        self.loop = loop
    }

    func start() throws(NetError) {
        try loop.addLevelTriggered(self, descriptor: socket.descriptor.raw, for: .readable)
    }

    override func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerRound {
            switch Socket.accept(socket.descriptor.raw) {
            case .connection(let descriptor, _):
                guard connectionCount < Self.connectionsMax else {
                    Socket.close(descriptor)
                    continue
                }
                Socket.setNoDelay(descriptor)
                EchoConnection(descriptor, of: self).start()
            case .gone: continue
            case .wouldBlock: return
            case .exhausted:
                loop.remove(descriptor: socket.descriptor.raw)
                _ = loop.timers.schedule(afterMs: Self.pauseMs, target: self, tag: 0)
                return
            }
        }
    }

    override func timerFired(tag: UInt8) {
        do throws(NetError) {
            try start()
        } catch {
            _ = loop.timers.schedule(afterMs: Self.pauseMs, target: self, tag: 0)
        }
    }
}
