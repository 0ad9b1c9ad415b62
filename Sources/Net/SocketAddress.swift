// An address to listen on or connect to: IPv4, IPv6 or a unix socket.
// A small value instead of sockaddr_storage (128 bytes), because every connection keeps its peer's.
// The socket types are of both: whose they are depends on which the compiler reads first.
internal import CAres
internal import CLinux
internal import Glibc

public enum SocketAddress: Sendable, Hashable {
    /// Address in host byte order.
    case v4(UInt32, port: UInt16)
    case v6(high: UInt64, low: UInt64, port: UInt16)
    /// A path, or `@name` for the abstract namespace.
    case unix(String)

    /// An IP literal (brackets allowed for IPv6), or `unix:///path`, `unix://@name`.
    public init?(host: String, port: UInt16) {
        if host.hasPrefix("unix://") {
            let path = String(host.dropFirst(7))
            guard !path.isEmpty, path.utf8.count < 108, !path.utf8.contains(0) else { return nil }
            self = .unix(path)
            return
        }
        // To C the rest of such a text does not exist.
        guard !host.utf8.contains(0) else { return nil }
        var literal = host
        let hasBrackets = literal.hasPrefix("[") && literal.hasSuffix("]")
        if hasBrackets { literal = String(literal.dropFirst().dropLast()) }
        var v4 = in_addr()
        if !hasBrackets, unsafe inet_pton(AF_INET, literal, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr), port: port)
            return
        }
        var v6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, literal, &v6) == 1 else { return nil }
        self = unsafe withUnsafeBytes(of: &v6) { bytes in
            .v6(
                high: UInt64(bigEndian: unsafe bytes.load(as: UInt64.self)),
                low: UInt64(bigEndian: unsafe bytes.load(fromByteOffset: 8, as: UInt64.self)),
                port: port)
        }
    }

    /// `127.0.0.1:8080`, `[::1]:8080`, `:8080` (all IPv4 addresses) or a bare port.
    public init?(text: String) {
        guard let colon = text.lastIndex(of: ":") else {
            guard let port = Self.port(text[...]) else { return nil }
            self = .v4(0, port: port)
            return
        }
        guard let port = Self.port(text[text.index(after: colon)...]) else { return nil }
        let host = String(text[..<colon])
        if host.isEmpty {
            self = .v4(0, port: port)
        } else {
            guard !host.contains(":") || host.hasPrefix("[") else { return nil }
            self.init(host: host, port: port)
        }
    }

    /// Digits and nothing else: the library's own reading takes a sign too.
    private static func port(_ text: Substring) -> UInt16? {
        text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? UInt16(text) : nil
    }

    public var port: UInt16 {
        switch self {
        case .v4(_, let port), .v6(_, _, let port): port
        case .unix: 0
        }
    }

    public func with(port: UInt16) -> SocketAddress {
        switch self {
        case .v4(let address, _): .v4(address, port: port)
        case .v6(let high, let low, _): .v6(high: high, low: low, port: port)
        case .unix: self
        }
    }

    public var isUnix: Bool {
        if case .unix = self { true } else { false }
    }

    public var isLoopback: Bool {
        switch self {
        case .v4(let address, _): address >> 24 == 127
        case .v6(let high, let low, _):
            high == 0 && (low == 1 || low >> 24 == 0xffff7f)
        case .unix: true
        }
    }

    var family: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    func withSockaddr<R>(
        _ body: (UnsafePointer<sockaddr_storage>, socklen_t) -> R
    ) -> R {
        var storage = sockaddr_storage()
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            let raw = UnsafeMutableRawPointer(pointer)
            switch self {
            case .v4(let address, let port):
                var v4 = sockaddr_in()
                v4.sin_family = sa_family_t(AF_INET)
                v4.sin_port = port.bigEndian
                v4.sin_addr.s_addr = address.bigEndian
                unsafe raw.storeBytes(of: v4, as: sockaddr_in.self)
                return unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            case .v6(let high, let low, let port):
                var v6 = sockaddr_in6()
                v6.sin6_family = sa_family_t(AF_INET6)
                v6.sin6_port = port.bigEndian
                unsafe raw.storeBytes(of: v6, as: sockaddr_in6.self)
                unsafe raw.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
                unsafe raw.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
                return unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_in6>.size))
            case .unix(let path):
                unsafe raw.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                let bytes = Array(path.utf8.prefix(107))
                for (index, byte) in bytes.enumerated() {
                    let value: UInt8 = index == 0 && byte == 0x40 ? 0 : byte
                    unsafe raw.storeBytes(of: value, toByteOffset: 2 + index, as: UInt8.self)
                }
                // An abstract name is as long as it is; a path ends with a zero byte.
                let length = 2 + bytes.count + (bytes.first == 0x40 ? 0 : 1)
                return unsafe body(pointer, socklen_t(length))
            }
        }
    }

    static func from(_ storage: UnsafePointer<sockaddr_storage>) -> SocketAddress {
        let raw = unsafe UnsafeRawPointer(storage)
        switch unsafe Int32(storage.pointee.ss_family) {
        case AF_INET:
            let v4 = unsafe raw.load(as: sockaddr_in.self)
            return .v4(UInt32(bigEndian: v4.sin_addr.s_addr), port: UInt16(bigEndian: v4.sin_port))
        case AF_INET6:
            let port = unsafe UInt16(bigEndian: raw.load(fromByteOffset: 2, as: UInt16.self))
            let high = unsafe UInt64(bigEndian: raw.load(fromByteOffset: 8, as: UInt64.self))
            let low = unsafe UInt64(bigEndian: raw.load(fromByteOffset: 16, as: UInt64.self))
            // A dual-stack socket sees IPv4 peers as ::ffff:a.b.c.d; people know them as a.b.c.d.
            if high == 0, low >> 32 == 0xffff {
                return .v4(UInt32(truncatingIfNeeded: low), port: port)
            }
            return .v6(high: high, low: low, port: port)
        default:
            return .unix("")
        }
    }
}
