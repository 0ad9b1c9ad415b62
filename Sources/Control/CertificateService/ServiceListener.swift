// Takes connections to the certificate service off its socket.
internal import Net

final class ServiceListener: Pollable {
    private static let acceptsPerRound = 64
    private static let pauseMs: UInt64 = 100

    private let socket: Descriptor
    let address: SocketAddress
    private unowned let server: AuthorityServer
    private var pause = TimerID.none
    private var isStopped = false

    init(on wanted: SocketAddress, server: AuthorityServer) throws(NetError) {
        socket = try Socket.listen(on: wanted, sharesPort: false)
        address = Socket.localAddress(socket.raw) ?? wanted
        self.server = server
        super.init()
        try server.loop.addLevelTriggered(self, descriptor: socket.raw, for: .readable)
    }

    func stop() {
        isStopped = true
        server.loop.timers.cancel(pause)
        server.loop.remove(descriptor: socket.raw)
    }

    override func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerRound {
            switch Socket.accept(socket.raw) {
            case .connection(let descriptor, let peer): server.accepted(descriptor, from: peer)
            case .gone: continue
            case .wouldBlock: return
            case .exhausted:
                server.loop.remove(descriptor: socket.raw)
                resumeLater()
                return
            }
        }
    }

    private func resumeLater() {
        pause = server.loop.timers.schedule(afterMs: Self.pauseMs, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) {
        if isStopped { return }
        do throws(NetError) {
            try server.loop.addLevelTriggered(self, descriptor: socket.raw, for: .readable)
        } catch {
            resumeLater()
        }
    }
}
