// Questions for names by TCP: a listener, and a connection for each client.
// What is not the mesh's is relayed to a server as it comes, so that length, order and several
// questions at once are between the client and that server (RFC 7766).
internal import Net

final class NameGate: Pollable {
    private static let batchMax = 16
    private let socket: Int32
    private unowned let answerer: NameAnswerer
    private let loop: Loop

    init(
        _ socket: consuming Descriptor, answerer: NameAnswerer, loop: Loop
    ) throws(NetError) {
        self.socket = socket.release()
        self.answerer = answerer
        self.loop = loop
        super.init()
        try loop.addLevelTriggered(self, descriptor: self.socket, for: .readable)
    }

    override func ready(_ readiness: Readiness) {
        for _ in 0..<Self.batchMax {
            guard case .connection(let client, _) = Socket.accept(socket) else { return }
            NameConnection(client, answerer: answerer, loop: loop).start()
        }
    }
}

/// A client's connection, and the one to a server behind it once a question needs that.
final class NameConnection: Pollable {
    private static let patienceMs: UInt64 = 10_000
    private static let unsentBytesMax = 256 * 1024

    private unowned let answerer: NameAnswerer
    private let loop: Loop
    private var client: Int32
    private var server: NameRelay?
    private var asked = Buffer()
    private var toClient = Buffer()
    private var timer = TimerID.none

    init(_ client: Int32, answerer: NameAnswerer, loop: Loop) {
        self.client = client
        self.answerer = answerer
        self.loop = loop
    }

    func start() {
        guard (try? loop.add(self, descriptor: client, for: .stream)) != nil else {
            Socket.close(client)
            return
        }
        timer = loop.timers.schedule(afterMs: Self.patienceMs, target: self, tag: 0)
    }

    override func timerFired(tag: UInt8) {
        timer = .none
        end()
    }

    override func ready(_ readiness: Readiness) {
        guard client >= 0 else { return }
        flush()
        while client >= 0 {
            switch asked.fill(from: client, limit: Self.unsentBytesMax) {
            case .bytes: consider()
            case .wouldBlock: return
            case .end, .failed:
                end()
                return
            }
        }
    }

    private func consider() {
        while client >= 0 {
            if let server {
                server.send(asked.readable)
                asked.removeAll()
                return
            }
            let bytes = asked.readable
            guard bytes.count >= 2 else { return }
            let length = Int(bytes[0]) << 8 | Int(bytes[1])
            guard bytes.count >= 2 + length else { return }
            if let answer = answerer.answer(bytes.slice(2, length).array) {
                received([UInt8(answer.count >> 8), UInt8(answer.count & 255)] + answer)
                asked.consume(2 + length)
                continue
            }
            guard let address = answerer.server,
                let relay = NameRelay(to: address, for: self, loop: loop)
            else {
                end()
                return
            }
            server = relay
        }
    }

    func received(_ bytes: [UInt8]) {
        guard toClient.readable.count + bytes.count <= Self.unsentBytesMax else {
            end()
            return
        }
        toClient.append(bytes)
        flush()
    }

    private func flush() {
        while client >= 0, !toClient.isEmpty {
            switch toClient.drain(to: client) {
            case .bytes: continue
            case .wouldBlock, .end: return
            case .failed: end()
            }
        }
    }

    func end() {
        guard client >= 0 else { return }
        loop.timers.cancel(timer)
        loop.remove(descriptor: client)
        Socket.close(client)
        client = -1
        server?.end()
        server = nil
    }
}

/// The connection to a server.
final class NameRelay: Pollable {
    private static let readBytesMax = 64 * 1024
    private weak let connection: NameConnection?
    private let loop: Loop
    private var descriptor: Int32
    private var unsent = Buffer()

    init?(to address: SocketAddress, for connection: NameConnection, loop: Loop) {
        switch Socket.connect(to: address) {
        case .connected(let raw), .inProgress(let raw): descriptor = raw
        case .failed: return nil
        }
        self.connection = connection
        self.loop = loop
        super.init()
        guard (try? loop.add(self, descriptor: descriptor, for: .stream)) != nil else {
            Socket.close(descriptor)
            return nil
        }
    }

    func send(_ bytes: ByteView) {
        unsent.append(bytes)
        flush()
    }

    override func ready(_ readiness: Readiness) {
        flush()
        var answer = Buffer()
        while descriptor >= 0 {
            switch answer.fill(from: descriptor, limit: Self.readBytesMax) {
            case .bytes:
                connection?.received(answer.readable.array)
                answer.removeAll()
            case .wouldBlock: return
            case .end, .failed: connection?.end()
            }
        }
    }

    /// What is not taken yet goes with the next event.
    private func flush() {
        while descriptor >= 0, !unsent.isEmpty {
            switch unsent.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock, .end: return
            case .failed:
                // Not connected yet says the same as broken; the next event tells which it is.
                if Socket.pendingError(descriptor) != 0 { connection?.end() }
                return
            }
        }
    }

    func end() {
        guard descriptor >= 0 else { return }
        loop.remove(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
    }
}
