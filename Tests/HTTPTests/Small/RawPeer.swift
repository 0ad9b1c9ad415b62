// A peer that says exactly what a test tells it to, byte for byte, and hears the same way.
// Real sockets on the loopback address: what is tested is what a client would see.
import Dispatch
import Foundation
import Net

@testable import HTTP

/// One connection, used from the test's thread; everything waits at most a few seconds.
final class RawPeer {
    private let descriptor: Int32
    private var received = Buffer()
    private var hasEnded = false

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    convenience init?(to address: SocketAddress) {
        switch Socket.connect(to: address) {
        case .connected(let descriptor), .inProgress(let descriptor): self.init(descriptor)
        case .failed: return nil
        }
    }

    deinit { Socket.close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = Buffer()
        rest.append(bytes)
        let deadline = Date() + 5
        while !rest.isEmpty, Date() < deadline {
            switch rest.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock: usleep(500)
            case .end, .failed:
                // Right after connect the socket may not be ready yet (ENOTCONN).
                usleep(500)
            }
        }
    }

    func finishSending() { Socket.shutdownSending(descriptor) }

    /// Everything up to the peer's end, or for `seconds`.
    func readToEnd(seconds: Double = 5) -> String {
        while !hasEnded, fill(until: Date() + seconds) {}
        return take(received.count)
    }

    /// Everything up to and with `mark`; what came so far when it never comes.
    func read(through mark: String, seconds: Double = 5) -> String {
        let deadline = Date() + seconds
        while true {
            let text = received.readable.string
            if let range = text.range(of: mark) {
                return take(text[..<range.upperBound].utf8.count)
            }
            if !fill(until: deadline) { return take(received.count) }
        }
    }

    /// One whole response with a content-length, head and body.
    func readResponse(hasBody: Bool = true) -> String {
        let head = read(through: "\r\n\r\n")
        guard hasBody, let field = head.range(of: "content-length: ") else { return head }
        let length = Int(head[field.upperBound...].prefix { $0.isNumber }) ?? 0
        while received.count < length, fill(until: Date() + 5) {}
        return head + take(min(length, received.count))
    }

    /// True when the other side has closed and all it sent was read.
    func isEnded(within seconds: Double = 5) -> Bool {
        let deadline = Date() + seconds
        while !hasEnded, fill(until: deadline) {}
        return hasEnded
    }

    private func take(_ count: Int) -> String {
        let text = received.readable.prefix(count).string
        received.consume(count)
        return text
    }

    private func fill(until deadline: Date) -> Bool {
        while Date() < deadline, !hasEnded {
            switch received.fill(from: descriptor, limit: 65536) {
            case .bytes: return true
            case .wouldBlock: usleep(500)
            case .end: hasEnded = true
            case .failed(let code):
                if code == ENOTCONN { usleep(500) } else { hasEnded = true }
            }
        }
        return false
    }
}

/// Listens and answers each connection by the script of its turn, on a thread of its own.
final class RawServer: Sendable {
    typealias Script = @Sendable (RawPeer) -> Void

    let address: SocketAddress
    private let socket: ListeningSocket

    /// - Parameter scripts: for the first connection, the second, ...; none are taken after.
    init(_ scripts: [Script]) throws {
        let socket = try ListeningSocket(on: .v4(0x7F00_0001, port: 0))
        self.socket = socket
        address = socket.address
        Thread.detachNewThread {
            let deadline = Date() + 20
            for script in scripts {
                var taken = false
                while !taken, Date() < deadline {
                    if case .connection(let descriptor, _) = Socket.accept(socket.descriptor.raw) {
                        taken = true
                        script(RawPeer(descriptor))
                    } else {
                        usleep(500)
                    }
                }
            }
        }
    }
}
