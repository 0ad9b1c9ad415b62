// A system call that failed, with what the operator needs to know about it.
internal import Glibc

public struct NetError: Error, CustomStringConvertible, Sendable {
    public let call: String
    public let errno: Int32

    public init(call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    public var isPermission: Bool { errno == EACCES || errno == EPERM }
    public var isAddressInUse: Bool { errno == EADDRINUSE }
    public var isAddressNotAvailable: Bool { errno == EADDRNOTAVAIL }

    /// `Connection refused`
    public var reason: String { NetError.text(errno) }

    public var description: String { "\(call): \(reason)" }

    public static func text(_ errno: Int32) -> String {
        unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
    }
}
