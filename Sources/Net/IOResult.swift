// One non-blocking read or write, told apart into the four outcomes a caller must handle.
// An enum instead of errno, so that "would block", "end of stream" and "broken" cannot be mixed up.
internal import CLinux
internal import Glibc

public enum IOResult: Equatable {
    /// At least one byte moved.
    case bytes(Int)
    /// Nothing now; the loop will say when.
    case wouldBlock
    /// The peer has finished sending (reads only).
    case end
    /// errno
    case failed(Int32)

    static func receive(
        _ descriptor: Int32, into start: UnsafeMutableRawPointer, count: Int
    ) -> IOResult {
        while true {
            let moved = unsafe isthmus_receive(descriptor, start, count)
            if moved > 0 { return .bytes(moved) }
            if moved == 0 { return .end }
            let code = isthmus_errno()
            if code == EINTR { continue }
            return code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(code)
        }
    }

    /// Sends without raising SIGPIPE; may move fewer bytes than given.
    public static func send(_ descriptor: Int32, _ bytes: ByteView) -> IOResult {
        while true {
            let moved = unsafe isthmus_send(descriptor, bytes.base, bytes.count)
            if moved >= 0 { return .bytes(moved) }
            let code = isthmus_errno()
            if code == EINTR { continue }
            return code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(code)
        }
    }
}
