// Owns a file descriptor: closed exactly once, when its owner goes.
internal import Glibc

public struct Descriptor: ~Copyable, Sendable {
    public let raw: Int32

    public init(_ raw: Int32) {
        self.raw = raw
    }

    deinit {
        if raw >= 0 { _ = close(raw) }
    }
}
