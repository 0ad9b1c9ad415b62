// Bytes that come in bulk on a plain tunnel go from socket to socket inside the kernel: no copy,
// two calls for half a megabyte.
// Only in bulk: for a few bytes at a time a pipe costs more calls than a copy, and a connection
// that waits must hold none.
import Net

extension SocketEnd {
    /// Less than this at one wake-up is a conversation, not a flow.
    private static let bulkBytesMin = 64 * 1024

    /// Whether the next bytes go through a pipe: takes one when a flow begins.
    func mayGoOnSplicing(to partner: TunnelEnd) -> Bool {
        if pipe != nil { return true }
        guard isBulk, canRead, !inputEnded, socket.tls == nil, partner.spliceTarget >= 0 else {
            return false
        }
        pipe = loop.takePipe()
        // Asked for again when the next flow begins, not with every read of this one.
        if pipe == nil { isBulk = false }
        return pipe != nil
    }

    /// Moves bytes until one of the sockets has no more to give or take. The last thing in a call.
    func splice(to partner: TunnelEnd) {
        var moved = 0
        while let pipe {
            if pipe.count > 0 {
                let target = partner.spliceTarget
                guard target >= 0 else { return }
                switch pipe.drain(to: target) {
                case .bytes(let count): tunnel?.moved(count, fromDownstream: isDownstream)
                case .wouldBlock:
                    partner.isAwaited = true
                    return
                case .end, .failed:
                    tunnel?.reset()
                    return
                }
                continue
            }
            guard canRead, !inputEnded else {
                dropPipe()
                return
            }
            if moved >= Loop.readBytesMax * 4 {
                loop.again(self)
                return
            }
            switch pipe.fill(from: socket.descriptor, limit: Pipe.capacity) {
            case .bytes(let count): moved += count
            case .wouldBlock:
                canRead = false
                isBulk = moved >= Self.bulkBytesMin
                dropPipe()
            case .end:
                inputEnded = true
                canRead = false
                dropPipe()
                partner.endOutput()
            case .failed:
                tunnel?.reset()
                return
            }
        }
    }

    func dropPipe() {
        guard let pipe else { return }
        self.pipe = nil
        loop.givePipe(pipe)
    }
}
