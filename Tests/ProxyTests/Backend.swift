// An endpoint a test plays itself: it listens, and the test answers what the proxy sends there.
// Nothing answers by itself, so a test decides when each byte of a response exists.
import Glibc
import Net

final class Backend {
    private let listening: Descriptor
    let address: SocketAddress
    /// Connections that fill the queue of one that fell silent.
    private var crowd: [Wire] = []

    /// - Parameter port: 0: any that is free.
    init(host: String = "127.0.0.1", port: UInt16 = 0) throws {
        guard let any = SocketAddress(host: host, port: port) else {
            throw Wire.Failure.broken(0)
        }
        listening = try Socket.listen(on: any, sharesPort: false)
        address = Socket.localAddress(listening.raw) ?? any
    }

    /// From now on connections to it are neither taken nor refused: its queue is full and stays so.
    func fallSilent() throws {
        guard Glibc.listen(listening.raw, 0) == 0 else { throw Wire.Failure.broken(0) }
        for _ in 0..<4 { crowd.append(try Wire.connect(to: address)) }
        // Whether each of them found a place shows a moment later.
        usleep(2_000)
    }

    /// The next connection the proxy makes.
    func accept() throws -> Wire {
        try Wire.wait(for: "a connection from the proxy") {
            if case .connection(let raw, _) = Socket.accept(listening.raw) { return Wire(raw) }
            return nil
        }
    }

    /// Whether the proxy has made a connection nobody has accepted yet; takes it.
    func acceptNow() -> Wire? {
        if case .connection(let raw, _) = Socket.accept(listening.raw) { return Wire(raw) }
        return nil
    }
}

/// A port of this machine where nobody listens.
func refusedPort() throws -> UInt16 {
    guard let any = SocketAddress(host: "127.0.0.1", port: 0) else { throw Wire.Failure.broken(0) }
    let closed = try Socket.listen(on: any, sharesPort: false)
    return Socket.localAddress(closed.raw)?.port ?? 1
}
