// The hosts file (hosts(5)): names whose addresses the machine's owner has decided.
// Read again only when it changed, because thousands of names may be looked up each second.

struct HostsFile {
    private let path: String
    private var file: WatchedFile
    private var addresses: [String: [SocketAddress]] = [:]
    /// A file larger than this is no hosts file.
    private static let bytesMax = 16 * 1024 * 1024

    init(path: String) {
        self.path = path
        file = WatchedFile(path)
    }

    /// IPv4 and IPv6 addresses of `name` (lower case), in the file's order; empty where it says
    /// nothing of it.
    mutating func lookUp(_ name: String, nowMs: UInt64) -> [SocketAddress] {
        if file.hasChanged(nowMs: nowMs) {
            addresses = Self.parse((try? File.read(path, bytesMax: Self.bytesMax)) ?? [])
        }
        return addresses[name] ?? []
    }

    /// `address name alias...`, a line each; `#` begins a comment.
    static func parse(_ bytes: [UInt8]) -> [String: [SocketAddress]] {
        var found: [String: [SocketAddress]] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = line.prefix { $0 != UInt8(ascii: "#") }
                .split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
                .map { String(decoding: $0, as: UTF8.self) }
            guard let first = words.first,
                let address = SocketAddress(host: Self.withoutZone(first), port: 0)
            else { continue }
            for name in words.dropFirst() {
                let key = name.lowercased()
                if found[key]?.contains(address) != true { found[key, default: []].append(address) }
            }
        }
        return found
    }

    /// `fe80::1%lo0` names an interface, which an endpoint cannot have.
    private static func withoutZone(_ text: String) -> String {
        text.contains("%") ? "" : text
    }
}
