// A kernel pipe that carries bytes from one socket to another without a copy through this process
// (splice(2)): what makes long bodies cheap.
internal import CLinux
internal import Glibc

/// Belongs to one loop.
public final class Pipe {
    /// Asked of the system; it may allow less.
    public static let capacity = 512 * 1024

    private let readEnd: Descriptor
    private let writeEnd: Descriptor
    /// Bytes inside.
    public private(set) var count = 0

    public init?() {
        var ends: (Int32, Int32) = (-1, -1)
        let made = unsafe withUnsafeMutablePointer(to: &ends) { pointer in
            unsafe pointer.withMemoryRebound(to: Int32.self, capacity: 2) {
                unsafe isthmus_pipe($0, Int32(Self.capacity))
            }
        }
        guard made == 0 else { return nil }
        readEnd = Descriptor(ends.0)
        writeEnd = Descriptor(ends.1)
    }

    /// Takes at most `limit` bytes from a socket.
    public func fill(from socket: Int32, limit: Int) -> IOResult {
        let result = move(from: socket, to: writeEnd.raw, limit)
        if case .bytes(let moved) = result { count += moved }
        return result
    }

    /// Gives what is inside to a socket, as far as it takes it.
    public func drain(to socket: Int32) -> IOResult {
        let result = move(from: readEnd.raw, to: socket, count)
        if case .bytes(let moved) = result { count -= moved }
        return result
    }

    private func move(from source: Int32, to target: Int32, _ limit: Int) -> IOResult {
        while true {
            let moved = isthmus_splice(source, target, limit)
            if moved > 0 { return .bytes(moved) }
            if moved == 0 { return .end }
            let code = isthmus_errno()
            if code == EINTR { continue }
            return code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(code)
        }
    }
}
