// Addresses as text, both for people (String) and for headers and log lines (bytes in place).
internal import Glibc

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:80`, `[::1]:80`, `unix:///path`
    public var description: String {
        switch self {
        case .v4(_, let port): "\(host):\(port)"
        case .v6(_, _, let port): "[\(host)]:\(port)"
        case .unix(let path): "unix://\(path)"
        }
    }

    /// The address without port and brackets.
    public var host: String {
        var buffer = Buffer()
        buffer.append(host: self)
        return buffer.readable.string
    }
}

extension Buffer {
    /// The address without port and brackets: `127.0.0.1`, `::1`.
    public mutating func append(host address: SocketAddress) {
        switch address {
        case .v4(let value, _):
            append(decimal: UInt64(value >> 24))
            append(0x2e)
            append(decimal: UInt64(value >> 16 & 255))
            append(0x2e)
            append(decimal: UInt64(value >> 8 & 255))
            append(0x2e)
            append(decimal: UInt64(value & 255))
        case .v6(let high, let low, _):
            append(v6High: high, low: low)
        case .unix(let path):
            append(text: path)
        }
    }

    /// The address with port: `127.0.0.1:80`, `[::1]:80`; a unix socket is its path.
    public mutating func append(_ address: SocketAddress) {
        switch address {
        case .v4(_, let port):
            append(host: address)
            append(0x3a)
            append(decimal: UInt64(port))
        case .v6(_, _, let port):
            append(0x5b)
            append(host: address)
            append("]:")
            append(decimal: UInt64(port))
        case .unix:
            append(host: address)
        }
    }

    /// RFC 5952: lower case, no leading zeros, the longest run of zero groups (two at least)
    /// shortened, the first of equals.
    private mutating func append(v6High high: UInt64, low: UInt64) {
        func group(_ index: Int) -> UInt64 {
            let half = index < 4 ? high : low
            return half >> UInt64((3 - index % 4) * 16) & 0xffff
        }
        var best = -1
        var bestLength = 1
        var index = 0
        while index < 8 {
            var length = 0
            while index + length < 8, group(index + length) == 0 { length += 1 }
            if length > bestLength {
                best = index
                bestLength = length
            }
            index += max(length, 1)
        }
        index = 0
        while index < 8 {
            if index == best {
                append("::")
                index += bestLength
                continue
            }
            if index > 0, index != best + bestLength || best < 0 { append(0x3a) }
            append(hexadecimal: group(index))
            index += 1
        }
    }
}
