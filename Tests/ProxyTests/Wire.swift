// One end of a TCP connection as a test holds it: bytes out, bytes in, FIN and RST on demand.
// A test plays the client and the endpoint itself, byte by byte, so that every order of events a
// network can bring about can be written down.
import Foundation
import Net

/// Every wait has a deadline: a proxy that stalls fails the test instead of hanging it.
final class Wire {
    enum Failure: Error, CustomStringConvertible {
        case timedOut(waitingFor: String, got: String)
        case ended(waitingFor: String, got: String)
        case broken(Int32)

        var description: String {
            switch self {
            case .timedOut(let what, let got): "no \(what) in time; got \(got.debugDescription)"
            case .ended(let what, let got): "ended before \(what); got \(got.debugDescription)"
            case .broken(let code): NetError.text(code)
            }
        }
    }

    /// How a peer's bytes ended.
    enum End: Equatable { case finished, reset }

    static let patienceMs: UInt64 = 10_000

    private(set) var descriptor: Int32
    /// Received and not yet asked for.
    private var received: [UInt8] = []
    private(set) var end: End?

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close() }

    static func connect(to address: SocketAddress) throws -> Wire {
        switch Socket.connect(to: address) {
        case .connected(let raw): return Wire(raw)
        case .inProgress(let raw): return Wire(raw)
        case .failed(let code): throw Failure.broken(code)
        }
    }

    // MARK: - Out

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        try Self.wait(for: "room to send") {
            sent += try self.offer(Array(bytes[sent...]))
            return sent == bytes.count ? () : nil
        }
    }

    /// Sends what the socket takes now and says how much that was.
    func offer(_ bytes: [UInt8]) throws -> Int {
        var sent = 0
        while sent < bytes.count {
            let result = bytes.withView {
                IOResult.send(descriptor, $0.slice(sent, min(bytes.count - sent, 64 * 1024)))
            }
            switch result {
            case .bytes(let count): sent += count
            case .wouldBlock, .end: return sent
            case .failed(let code): throw Failure.broken(code)
            }
        }
        return sent
    }

    /// FIN: nothing more comes from here, but this end still listens.
    func finishSending() {
        Socket.shutdownSending(descriptor)
    }

    func close() {
        if descriptor >= 0 { Socket.close(descriptor) }
        descriptor = -1
    }

    func reset() {
        if descriptor >= 0 { Socket.reset(descriptor) }
        descriptor = -1
    }

    // MARK: - In

    /// Everything up to and with `mark`.
    func read(to mark: String) throws -> String {
        let wanted = Array(mark.utf8)
        return try waitShowing(mark.debugDescription) {
            try self.receive()
            if let found = self.received.firstRange(of: wanted) {
                return self.take(found.upperBound)
            }
            if self.end != nil { throw Failure.ended(waitingFor: mark, got: self.text) }
            return nil
        }
    }

    /// A head with its empty line.
    func readHead() throws -> String { try read(to: "\r\n\r\n") }

    func read(count: Int) throws -> String {
        try waitShowing("\(count) bytes") {
            try self.receive()
            if self.received.count >= count { return self.take(count) }
            if self.end != nil { throw Failure.ended(waitingFor: "\(count) bytes", got: self.text) }
            return nil
        }
    }

    func read(bytes count: Int) throws -> [UInt8] {
        try waitShowing("\(count) bytes") {
            try self.receive()
            if self.received.count >= count {
                let taken = Array(self.received.prefix(count))
                self.received.removeFirst(count)
                return taken
            }
            if self.end != nil { throw Failure.ended(waitingFor: "\(count) bytes", got: self.text) }
            return nil
        }
    }

    /// Reads and forgets `count` bytes: for bodies too large to keep.
    func skip(_ count: Int) throws {
        var left = count
        try Self.wait(for: "\(count) bytes", patienceMs: 60_000) {
            try self.receive()
            let used = min(left, self.received.count)
            self.received.removeFirst(used)
            left -= used
            if left == 0 { return () }
            if self.end != nil { throw Failure.ended(waitingFor: "\(left) bytes more", got: "") }
            return nil
        }
    }

    /// Whatever comes until the peer has finished, and how it did.
    func readToEnd() throws -> (text: String, end: End) {
        try waitShowing("the end") {
            try self.receive()
            guard let end = self.end else { return nil }
            return (self.take(self.received.count), end)
        }
    }

    /// What has arrived by now.
    func readNow() throws -> String {
        try receive()
        return take(received.count)
    }

    /// The bytes that have arrived by now; `end` tells whether more may come.
    func takeNow() throws -> [UInt8] {
        try receive()
        defer { received = [] }
        return received
    }

    /// All that came is taken, and no more will come.
    var isEnded: Bool { end != nil && received.isEmpty }

    private var text: String { String(decoding: received.prefix(2000), as: UTF8.self) }

    private func take(_ count: Int) -> String {
        let taken = String(decoding: received.prefix(count), as: UTF8.self)
        received.removeFirst(count)
        return taken
    }

    private func receive() throws {
        var block = Buffer()
        while end == nil {
            switch block.fill(from: descriptor, limit: 64 * 1024) {
            case .bytes:
                received += block.readable.array
                block.removeAll()
                if received.count > 1 << 20 { return }
            case .wouldBlock: return
            case .end: end = .finished
            case .failed: end = .reset
            }
        }
    }

    // MARK: - Time

    /// As `wait`; what has arrived is part of the complaint.
    private func waitShowing<R>(_ what: String, _ ask: () throws -> R?) throws -> R {
        do {
            return try Self.wait(for: what, ask)
        } catch Failure.timedOut {
            throw Failure.timedOut(waitingFor: what, got: text)
        }
    }

    /// Asks again and again until there is an answer or patience ends.
    static func wait<R>(
        for what: String, patienceMs: UInt64 = patienceMs, _ ask: () throws -> R?
    ) throws -> R {
        let deadline = Machine.monotonicNs + patienceMs * 1_000_000
        while true {
            if let answer = try ask() { return answer }
            guard Machine.monotonicNs < deadline else {
                throw Failure.timedOut(waitingFor: what, got: "")
            }
            usleep(200)
        }
    }
}

extension Array where Element == UInt8 {
    fileprivate func firstRange(of wanted: [UInt8]) -> Range<Int>? {
        guard count >= wanted.count, let first = wanted.first else { return nil }
        var index = 0
        while index <= count - wanted.count {
            guard let next = self[index...].firstIndex(of: first),
                next <= count - wanted.count
            else { return nil }
            if self[next..<next + wanted.count].elementsEqual(wanted) {
                return next..<next + wanted.count
            }
            index = next + 1
        }
        return nil
    }
}
