// Sockets on this machine's loopback: listening, connecting, and how each end shows at the other.
import Foundation
import Net
import Testing

@Suite("sockets")
struct SocketTests {
    /// Asks again and again until there is an answer; nil after two seconds.
    static func poll<R>(_ ask: () throws -> R?) rethrows -> R? {
        for _ in 0..<10_000 {
            if let answer = try ask() { return answer }
            usleep(200)
        }
        return nil
    }

    private func accept(_ listening: borrowing Descriptor) throws -> (Int32, SocketAddress) {
        let raw = listening.raw
        let accepted = Self.poll { () -> (Int32, SocketAddress)? in
            if case .connection(let raw, let peer) = Socket.accept(raw) { return (raw, peer) }
            return nil
        }
        return try #require(accepted)
    }

    private func connect(_ address: SocketAddress) throws -> Descriptor {
        switch Socket.connect(to: address) {
        case .connected(let raw), .inProgress(let raw): return Descriptor(raw)
        case .failed(let code): throw NetError(call: "connect", errno: code)
        }
    }

    private func send(_ text: StaticString, _ descriptor: borrowing Descriptor) -> IOResult? {
        let raw = descriptor.raw
        return Self.poll {
            let result = IOResult.send(raw, ByteView(text))
            return result == .wouldBlock ? nil : result
        }
    }

    private func receive(_ descriptor: borrowing Descriptor, _ buffer: inout Buffer) -> IOResult? {
        for _ in 0..<10_000 {
            let result = buffer.fill(from: descriptor.raw, limit: 100)
            if result != .wouldBlock { return result }
            usleep(200)
        }
        return nil
    }

    @Test("bytes, FIN and RST arrive as what they are", arguments: ["127.0.0.1", "::1"])
    func streams(host: String) throws {
        let any = try #require(SocketAddress(host: host, port: 0))
        let listening = try Socket.listen(on: any, sharesPort: false)
        let address = try #require(Socket.localAddress(listening.raw))
        #expect(address.port != 0 && address.host == host)
        guard case .wouldBlock = Socket.accept(listening.raw) else {
            Issue.record("a connection from nowhere")
            return
        }
        let client = try connect(address)
        let (raw, peer) = try accept(listening)
        let server = Descriptor(raw)
        #expect(peer == Socket.localAddress(client.raw))
        #expect(Socket.pendingError(client.raw) == 0)
        var buffer = Buffer()
        #expect(buffer.fill(from: server.raw, limit: 10) == .wouldBlock)
        #expect(send("hello", client) == .bytes(5))
        #expect(receive(server, &buffer) == .bytes(5))
        #expect(buffer.readable.string == "hello")
        Socket.shutdownSending(client.raw)
        #expect(receive(server, &buffer) == .end)
        #expect(send("late", server) == .bytes(4))
        var answer = Buffer()
        #expect(receive(client, &answer) == .bytes(4))
        Socket.reset(server.release())
        guard case .failed = receive(client, &answer) else {
            Issue.record("a reset looks like an end")
            return
        }
        guard case .failed = send("x", client) else {
            Issue.record("sent to nobody")
            return
        }
    }

    @Test("a port nobody listens on refuses, at once or soon")
    func refused() throws {
        let any = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let address: SocketAddress
        do {
            let listening = try Socket.listen(on: any, sharesPort: false)
            address = try #require(Socket.localAddress(listening.raw))
        }
        switch Socket.connect(to: address) {
        case .connected: Issue.record("connected to nobody")
        case .failed(let code): #expect(code == ECONNREFUSED)
        case .inProgress(let raw):
            let socket = Descriptor(raw)
            let code = Self.poll { () -> Int32? in
                let code = Socket.pendingError(raw)
                return code == 0 ? nil : code
            }
            #expect(code == ECONNREFUSED)
            _ = socket.raw
        }
    }

    @Test("an address in use is an error that says so, unless it is shared")
    func inUse() throws {
        let any = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let first = try Socket.listen(on: any, sharesPort: true)
        let address = try #require(Socket.localAddress(first.raw))
        let second = try Socket.listen(on: address, sharesPort: true)
        #expect(Socket.localAddress(second.raw) == address)
        do {
            _ = try Socket.listen(on: address, sharesPort: false)
            Issue.record("bound twice")
        } catch {
            #expect(error.isAddressInUse && !error.isPermission)
            #expect(error.description == "bind: Address already in use")
        }
        do {
            let foreign = try #require(SocketAddress(host: "192.0.2.1", port: 1))
            _ = try Socket.listen(on: foreign, sharesPort: false)
            Issue.record("bound an address that is not ours")
        } catch let error as NetError {
            #expect(error.isAddressNotAvailable)
        }
    }

    @Test("a unix socket's file that was left behind does not stop the next listener")
    func unix() throws {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "isthmus-\(UUID().uuidString.prefix(8)).sock").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        for name in ["unix://\(path)", "unix://@isthmus-\(UUID().uuidString)"] {
            let address = try #require(SocketAddress(host: name, port: 0))
            for _ in 0..<2 {
                let listening = try Socket.listen(on: address, sharesPort: false)
                let client = try connect(address)
                let server = Descriptor(try accept(listening).0)
                #expect(send("x", client) == .bytes(1))
                var buffer = Buffer()
                #expect(receive(server, &buffer) == .bytes(1))
                do {
                    _ = try Socket.listen(on: address, sharesPort: false)
                    Issue.record("taken from a living listener")
                } catch {
                    #expect(error.isAddressInUse)
                }
            }
        }
    }

    @Test("a descriptor is closed when its owner goes, unless it was given away")
    func ownership() throws {
        let any = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        var raw: Int32 = -1
        do {
            let socket = try Socket.listen(on: any, sharesPort: false)
            raw = socket.release()
        }
        #expect(Socket.localAddress(raw) != nil)
        let address = try #require(Socket.localAddress(raw))
        do {
            let owner = Descriptor(raw)
            let twin = owner.duplicate()
            #expect(Socket.localAddress(twin.raw) == address)
        }
        // Both are closed: the port is free again.
        _ = try Socket.listen(on: address, sharesPort: false)
    }
}
