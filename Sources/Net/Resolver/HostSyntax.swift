// What a request may call a host that is going to be looked up: a name of DNS, or an IP literal.
// Stricter than resolvers are, which read `127.1` and `0x7f.1` as addresses in their own ways.

public enum HostSyntax {
    /// A name's bytes with the dots between labels (RFC 1035 section 2.3.4).
    public static let nameBytesMax = 253
    private static let labelBytesMax = 63

    /// The host as it is looked up and kept: lower case without the root's dot, an IP literal
    /// without brackets; nil for anything else.
    public static func canonical(_ bytes: [UInt8]) -> String? {
        var name = bytes.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        if name.first == 0x5b, name.last == 0x5d {
            name = Array(name.dropFirst().dropLast())
            guard name.contains(0x3a) else { return nil }
        }
        if name.contains(0x3a) { return address(name) }
        if name.last == 0x2e { name.removeLast() }
        guard !name.isEmpty, name.count <= nameBytesMax else { return nil }
        let labels = name.split(separator: 0x2e, omittingEmptySubsequences: false)
        guard labels.allSatisfy(isLabel), let last = labels.last else { return nil }
        // No zone of the root is a number (RFC 3696 section 2): it is an address, or a way to
        // write one that not everybody reads alike.
        return isNumber(last) ? address(name) : String(decoding: name, as: UTF8.self)
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        SocketAddress(host: String(decoding: bytes, as: UTF8.self), port: 0)?.host
    }

    /// With underscores, which names of services have (RFC 2782).
    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        !label.isEmpty && label.count <= labelBytesMax
            && label.allSatisfy {
                $0 &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2d || $0 == 0x5f
            }
    }

    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        label.allSatisfy { $0 &- 0x30 < 10 } || label.starts(with: Array("0x".utf8))
    }
}
