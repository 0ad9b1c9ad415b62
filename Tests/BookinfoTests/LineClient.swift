// A client that speaks no HTTP: bytes out, bytes in, with a deadline.
// It asks its socket again every millisecond instead of having a loop, which is enough for a test.
import Foundation
import Net

final class LineClient {
    private static let patience = Duration.seconds(10)
    private let descriptor: Descriptor
    private var input = Buffer()
    private let deadline = ContinuousClock.now + patience

    init(_ address: SocketAddress) throws {
        switch Socket.connect(to: address) {
        case .connected(let raw), .inProgress(let raw): descriptor = Descriptor(raw)
        case .failed: throw NoAnswer()
        }
    }

    func send(_ text: String) throws {
        var output = Buffer()
        output.append(text: text)
        while !output.isEmpty {
            switch output.drain(to: descriptor.raw) {
            case .bytes: continue
            case .wouldBlock: try pause()
            case .end, .failed: throw NoAnswer()
            }
        }
    }

    /// Our side has ended; the server may still answer.
    func finish() { Socket.shutdownSending(descriptor.raw) }

    /// So many bytes, or fewer where the server ends before.
    func read(untilCount count: Int) throws -> String {
        while input.count < count, try fill() {}
        let taken = min(count, input.count)
        defer { input.consume(taken) }
        return input.readable.prefix(taken).string
    }

    func readToEnd() throws -> String { try read(untilCount: .max) }

    /// - Returns: whether there may be more.
    private func fill() throws -> Bool {
        switch input.fill(from: descriptor.raw, limit: 65_536) {
        case .bytes: return true
        case .wouldBlock:
            try pause()
            return true
        case .end: return false
        case .failed: throw NoAnswer()
        }
    }

    private func pause() throws {
        guard ContinuousClock.now < deadline else { throw NoAnswer() }
        usleep(1000)
    }
}
