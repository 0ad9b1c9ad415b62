// Long response bodies in the clear go from socket to socket inside the kernel: no copy, two calls
// for half a megabyte.
import HTTP
import Net
import Telemetry

extension UpstreamConnection {
    /// Below this a copy is cheaper than a pipe.
    private static let bytesMin = 128 * 1024

    /// Whether what is left of the body goes through a pipe: takes one when it begins.
    func mayGoOnSplicing() -> Bool {
        if pipe != nil { return true }
        guard canRead, isLongBody(Self.bytesMin), let exchange,
            exchange.client.map({ $0.spliceTarget >= 0 }) == true
        else { return false }
        pipe = loop.takePipe()
        return pipe != nil
    }

    /// Moves bytes until one of the sockets has no more to give or take. The last thing in a call.
    func splice() {
        var moved = 0
        while let pipe, let exchange, let client = exchange.client {
            if pipe.count > 0 {
                let target = client.spliceTarget
                guard target >= 0 else { return }
                switch pipe.drain(to: target) {
                case .bytes(let count): exchange.responseSpliced(count)
                case .wouldBlock: return
                case .end, .failed:
                    client.spliceFailed()
                    return
                }
                continue
            }
            if bodyIsRead {
                dropPipe()
                bodyEnded(exchange)
                return
            }
            guard canRead else { return }
            if moved >= Loop.readBytesMax * 4 {
                loop.again(self)
                return
            }
            switch fill(pipe) {
            case .bytes(let count): moved += count
            case .wouldBlock: canRead = false
            case .end, .failed:
                dropPipe()
                ended()
                return
            }
        }
    }

    func isLongBody(_ bytesMin: Int) -> Bool {
        phase == .length && remaining >= bytesMin && socket.tls == nil
    }

    var bodyIsRead: Bool { remaining == 0 }

    func fill(_ pipe: Pipe) -> IOResult {
        let result = pipe.fill(from: socket.descriptor, limit: min(remaining, Pipe.capacity))
        if case .bytes(let count) = result {
            remaining -= count
            stats.add(.upstreamCxRxBytesTotal, UInt64(count))
        }
        return result
    }

    func bodyEnded(_ exchange: Exchange) {
        responseEnded(exchange, leftover: 0)
    }

    func dropPipe() {
        guard let pipe else { return }
        self.pipe = nil
        loop.givePipe(pipe)
    }
}
