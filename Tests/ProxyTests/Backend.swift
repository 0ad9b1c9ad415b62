// An endpoint a test plays itself: it listens, and the test answers what the proxy sends there.
// Nothing answers by itself, so a test decides when each byte of a response exists.
import Net

final class Backend {
    private let listening: Descriptor
    let address: SocketAddress
    private var isOpen = true

    init() throws {
        guard let any = SocketAddress(host: "127.0.0.1", port: 0) else {
            throw Wire.Failure.broken(0)
        }
        listening = try Socket.listen(on: any, sharesPort: false)
        address = Socket.localAddress(listening.raw) ?? any
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
