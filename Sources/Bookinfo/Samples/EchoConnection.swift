// One client of tcp-echo: every line comes back with the version's prefix before it.
// As Istio's tcp-echo-server: a last line without its end is not answered, and a client's FIN ends
// the connection once all is sent.
import Net

final class EchoConnection: Pollable {
    /// A line longer than this ends the connection.
    static let lineBytesMax = 64 * 1024

    private let listener: EchoListener
    private var descriptor: Int32
    private var input = Buffer()
    private var output = Buffer()
    private var canRead = false
    private var hasEnded = false

    init(_ descriptor: Int32, of listener: EchoListener) {
        self.descriptor = descriptor
        self.listener = listener
    }

    deinit {
        if descriptor >= 0 { Socket.close(descriptor) }
    }

    func start() {
        do throws(NetError) {
            try listener.loop.add(self, descriptor: descriptor, for: .stream)
            listener.connectionCount += 1
        } catch {
            // Not watched: it closes with this object.
        }
    }

    override func ready(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: [.error, .hangup]) {
            close()
            return
        }
        if !readiness.isDisjoint(with: [.readable, .peerClosed]) { canRead = true }
        advance()
    }

    override func resumed() { advance() }

    /// Writes first: a client that does not take its answers is not read.
    private func advance() {
        var readBytes = 0
        while descriptor >= 0 {
            guard flush() else { return }
            if hasEnded {
                close()
                return
            }
            guard canRead else { return }
            if readBytes >= Loop.readBytesMax {
                listener.loop.again(self)
                return
            }
            switch input.fill(from: descriptor, limit: Self.lineBytesMax) {
            case .bytes(let count):
                readBytes += count
                answerLines()
                if input.count > Self.lineBytesMax { close() }
            case .wouldBlock: canRead = false
            case .end: hasEnded = true
            case .failed: close()
            }
        }
    }

    private func answerLines() {
        while true {
            let end = input.readable.index(of: 0x0A)
            if end < 0 { return }
            output.append(listener.prefix)
            output.append(input.readable.prefix(end + 1))
            input.consume(end + 1)
        }
    }

    /// - Returns: whether everything has left.
    private func flush() -> Bool {
        while !output.isEmpty {
            switch output.drain(to: descriptor) {
            case .bytes: continue
            case .wouldBlock: return false
            case .end, .failed:
                close()
                return false
            }
        }
        return true
    }

    private func close() {
        guard descriptor >= 0 else { return }
        listener.loop.remove(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
        listener.connectionCount -= 1
    }
}
