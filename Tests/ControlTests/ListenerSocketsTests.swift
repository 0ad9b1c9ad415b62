// Binding for all workers at once: everything or nothing, and never beside a stranger.
import Mesh
import Net
import Proxy
import Testing

@testable import Control

@Suite("The listening sockets")
struct ListenerSocketsTests {
    private func listener(
        _ port: UInt16, name: String, bind: String = "127.0.0.1", declared: UInt16 = 80
    ) -> ListenerSpec {
        ListenerSpec(
            name: name, bind: bind, port: port, declaredPort: declared, kind: .tcp(nil), origins: []
        )
    }

    @Test("every worker gets a socket of its own on the same port")
    func oneEach() throws {
        let sockets = ListenerSockets(workerCount: 3)
        let specs = [listener(0, name: "a")]
        let bindings = sockets.commit(try sockets.bind(specs), of: specs)
        defer { for binding in bindings.joined() { Socket.close(binding.descriptor) } }
        #expect(bindings.map(\.count) == [1, 1, 1])
        #expect(Set(bindings.joined().map(\.descriptor)).count == 3)
        let ports = Set(bindings.joined().compactMap { Socket.localAddress($0.descriptor)?.port })
        #expect(ports.count == 1)
        #expect(sockets.addresses["a"]?.port == ports.first)
    }

    @Test("a port that another program listens on is refused, and nothing stays bound")
    func allOrNothing() throws {
        // As another gateway would have it: with SO_REUSEPORT, which would let us share it.
        let other = try Socket.listen(on: .v4(0x7F00_0001, port: 0), sharesPort: true)
        let taken = try #require(Socket.localAddress(other.raw)).port
        let sockets = ListenerSockets(workerCount: 2)
        let free = try Self.freePort()
        let failure = #expect(throws: BindFailure.self) {
            _ = try sockets.bind([
                listener(free, name: "free"), listener(taken, name: "taken", declared: 8080),
            ])
        }
        #expect(failure?.status == .inputOutput)
        let text = failure.map { "\($0)" } ?? ""
        #expect(text.hasPrefix("cannot bind 127.0.0.1:\(taken): Address already in use"))
        #expect(text.contains("--port-map 8080="))
        #expect(sockets.addresses.isEmpty)
        _ = try Socket.listen(on: .v4(0x7F00_0001, port: free), sharesPort: false)
    }

    @Test("what is bound stays bound, what is gone is forgotten, what is new is bound")
    func reload() throws {
        let sockets = ListenerSockets(workerCount: 1)
        let first = [listener(0, name: "a"), listener(0, name: "b")]
        let before = sockets.commit(try sockets.bind(first), of: first)
        let second = [listener(0, name: "b"), listener(0, name: "c")]
        let fresh = try sockets.bind(second)
        #expect(fresh.count == 1)
        let after = sockets.commit(fresh, of: second)
        defer { for binding in (before + after).joined() { Socket.close(binding.descriptor) } }
        #expect(after.joined().map(\.listener) == ["c"])
        #expect(Set(sockets.addresses.keys) == ["b", "c"])
    }

    @Test("the same port on another address of ours is bound while the first is open")
    func ownPort() throws {
        let sockets = ListenerSockets(workerCount: 2)
        let port = try Self.freePort()
        let first = [listener(port, name: "one")]
        let before = sockets.commit(try sockets.bind(first), of: first)
        let second = [listener(port, name: "all", bind: "0.0.0.0")]
        let after = sockets.commit(try sockets.bind(second), of: second)
        for binding in (before + after).joined() { Socket.close(binding.descriptor) }
        #expect(sockets.addresses["all"]?.port == port)
    }

    @Test("a port below 1024 without the right says --port-map and the capability")
    func privileged() {
        let failure = BindFailure(
            address: .v4(0, port: 80), declaredPort: 80,
            reason: NetError(call: "bind", errno: 13))
        #expect(failure.status == .notPermitted)
        #expect(
            "\(failure)" == "cannot bind 0.0.0.0:80: Permission denied; run with "
                + "--port-map 80=8080, or give the binary cap_net_bind_service")
    }

    private static func freePort() throws -> UInt16 {
        let socket = try Socket.listen(on: .v4(0x7F00_0001, port: 0), sharesPort: false)
        return try #require(Socket.localAddress(socket.raw)).port
    }
}
